"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  // In a bundle the page lies in report/; as the front page of a server, beside targets/.
  const home = new URL(/\/report\/[^/]*$/.test(location.pathname) ? "../" : "./", location.href).href;
  const filter = document.getElementById("filter");
  const kind = document.getElementById("kind");
  const count = document.getElementById("count");
  const rows = Array.from(document.querySelectorAll("#grid tbody tr"));
  const names = Object.keys(data.projects);
  const kinds = names.map((name) => new Set(data.projects[name].cells.map((cell) => cell[1])));
  const views = Array.from(document.querySelectorAll("main > section"));
  const detail = document.getElementById("detail");
  const title = document.getElementById("detail-title");
  const body = document.getElementById("detail-body");

  function narrow() {
    const wanted = filter.value.trim().toLowerCase().replace(/[-_.]+/g, "-");
    let shown = 0;
    for (let place = 0; place < rows.length; place += 1) {
      const fits = names[place].includes(wanted) && (!kind.value || kinds[place].has(kind.value));
      if (rows[place].hidden === fits) rows[place].hidden = !fits;
      if (fits) shown += 1;
    }
    count.textContent = shown === rows.length ? `${shown} projects` : `${shown} of ${rows.length} projects`;
  }

  function make(tag, ...children) {
    const element = document.createElement(tag);
    element.append(...children);
    return element;
  }

  function link(text, address) {
    const element = make("a", text);
    element.href = address;
    return element;
  }

  function list(items) {
    return make("ul", ...items.map((item) => make("li", ...[].concat(item))));
  }

  function section(heading, items) {
    if (items.length) body.append(make("h3", heading), list(items));
  }

  function size(bytes) {
    if (bytes < 1000) return `${bytes} B`;
    return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
  }

  const projectLink = (name) => link(name, `#project=${encodeURIComponent(name)}`);
  const targetLink = (place) => link(data.targets[place][0], `#target=${encodeURIComponent(data.targets[place][0])}`);

  function install(name, place) {
    const index = new URL(`targets/${data.targets[place][0]}/simple/`, home).href;
    return make("pre", make("code", `pip install --index-url ${index} ${name}`));
  }

  function describe(cell) {
    const versions = cell[2].join(", ");
    return [versions, versions && cell[3] ? ": " : "", cell[3]].join("") || "nothing";
  }

  function showProject(name) {
    const project = data.projects[name];
    title.textContent = name;
    section("Required by the manifest", project.wanted);
    section("Required by", project.required_by.map(projectLink));
    section("Requires", project.requires.map(projectLink));
    section("Licences", project.licences);
    section("Advisories", project.advisories);
    body.append(make("h3", "Targets"));
    for (const cell of project.cells) {
      body.append(make("p", targetLink(cell[0]), ` ${cell[1]}: ${describe(cell)}`));
      if (data.installs && cell[2].length && cell[1] !== "missing" && cell[1] !== "impossible") {
        body.append(install(name, cell[0]));
      }
    }
    section("Wheels", project.wheels.map((wheel) => [
      make("code", wheel[0]), ` ${wheel[3]}, ${size(wheel[2])}, on ${wheel[4].length} targets, sha256 `, make("code", wheel[1]),
    ]));
  }

  function showTarget(id) {
    const place = data.targets.findIndex((target) => target[0] === id);
    title.textContent = id;
    body.append(make("p", data.targets[place][1]));
    const groups = new Map();
    for (const name of names) {
      for (const cell of data.projects[name].cells) {
        if (cell[0] !== place) continue;
        if (!groups.has(cell[1])) groups.set(cell[1], []);
        groups.get(cell[1]).push([projectLink(name), ` ${describe(cell)}`]);
      }
    }
    for (const name of data.kinds) {
      if (groups.has(name)) section(`${name} (${groups.get(name).length})`, groups.get(name));
    }
  }

  function show() {
    const [view, raw] = location.hash.slice(1).split("=");
    let value = "";
    try { value = decodeURIComponent(raw || ""); } catch { value = ""; }
    const known = (view === "project" && Object.hasOwn(data.projects, value))
      || (view === "target" && data.targets.some((target) => target[0] === value));
    for (const part of views) part.hidden = part === detail ? !known : known;
    if (!known) return;
    body.replaceChildren();
    if (view === "project") showProject(value); else showTarget(value);
    title.focus();
    scrollTo(0, 0);
  }

  filter.form.addEventListener("submit", (event) => event.preventDefault());
  filter.addEventListener("input", narrow);
  kind.addEventListener("change", narrow);
  addEventListener("hashchange", show);
  addEventListener("keydown", (event) => {
    if (event.key === "/" && event.target.tagName !== "INPUT" && event.target.tagName !== "SELECT") {
      event.preventDefault();
      location.hash = "projects";
      filter.focus();
    }
  });
  if (filter.value || kind.value) narrow();
  show();
})();
