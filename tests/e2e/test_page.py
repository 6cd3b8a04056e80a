"""The page to look at in a real browser: what it shows, how it narrows, who can use it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image, ImageChops
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, Request, sync_playwright

from matrix.report.page_text import render_page

from ..report_pages import make_facts

REFERENCES = Path(__file__).parent / "page"
VIEWS = (
    "#projects",
    "#changes",
    "#project=project-0003",
    "#target=cp31-manylinux_2_28_x86_64",
    "#project=no-such",
)
WIDTHS = (1280, 400)
# Fonts differ a little between releases of Debian; a moved or missing part is far more.
MOST_DIFFERENT = 0.04


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = shutil.which("chromium")
    assert program is not None, "chromium is not installed; .ci/equip installs it"
    with sync_playwright() as playwright:
        # Root in a container has no user namespaces for the browser's sandbox; the page is ours.
        started = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    report = tmp_path / "report"
    report.mkdir()
    (report / "index.html").write_text(render_page(make_facts(40, 4), installs=True), "utf-8")
    opened = browser.new_page(viewport={"width": 1280, "height": 900})
    complaints: list[str] = []

    def read(message: ConsoleMessage | Error) -> None:
        complaints.append(str(message))

    opened.on("console", read)
    opened.on("pageerror", read)
    opened.on("request", lambda request: complaints.extend(_find_foreign(request)))
    opened.goto((report / "index.html").as_uri())
    yield opened
    opened.close()
    assert complaints == []


def _find_foreign(request: Request) -> list[str]:
    return [] if request.url.startswith("file:") else [request.url]


def test_the_filter_narrows_as_one_types_and_says_how_far(page: Page) -> None:
    page.keyboard.press("/")
    page.keyboard.type("000")

    assert page.inner_text("#count") == "10 of 40 projects"
    assert page.locator("#grid tbody tr:visible").count() == 10
    page.keyboard.press("Control+a")
    page.keyboard.type("Project_0003")
    assert page.locator("#grid tbody tr:visible th").all_inner_texts() == ["project-0003"]
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    page.select_option("#kind", "impossible")
    rows = page.locator("#grid tbody tr:visible")
    assert 0 < rows.count() < 40
    assert all("impossible" in text for text in rows.all_inner_texts())


def test_a_project_shows_why_it_is_there_and_how_it_installs(page: Page) -> None:
    page.click("text=project-0003")

    text = page.inner_text("#detail")
    assert page.evaluate("document.activeElement.textContent") == "project-0003"
    assert page.locator("#projects").is_hidden()
    assert "1.0: PYSEC-2026-1: a summary" in text
    assert "no compiler" in text
    index = page.evaluate("new URL('../targets/cp32-manylinux_2_28_x86_64/simple/', location).href")
    assert f"pip install --index-url {index} project-0002" not in text
    page.click("#detail >> text=cp30-manylinux_2_28_x86_64 >> nth=0")
    assert "cp30-manylinux_2_28_x86_64" in page.inner_text("#detail-title")
    page.go_back()
    page.go_back()
    assert page.locator("#projects").is_visible()


def test_an_install_line_names_the_view_of_its_target(page: Page) -> None:
    page.goto(f"{page.url}#project=project-0000")

    home = page.evaluate("new URL('../', location.origin + location.pathname).href")
    line = page.locator("#detail pre").first.inner_text()
    assert line == (
        f"pip install --index-url {home}targets/cp30-manylinux_2_28_x86_64/simple/ project-0000"
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_every_view_is_accessible(page: Page, width: int, scheme: str) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    for view in VIEWS:
        page.evaluate("view => { location.hash = view }", view)
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        assert page.evaluate(
            "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        )


@pytest.mark.parametrize("width", WIDTHS)
def test_it_looks_as_before(page: Page, tmp_path: Path, width: int) -> None:
    """When it should look different: copy the picture that the failure names over the reference."""
    page.set_viewport_size({"width": width, "height": 800})
    taken = tmp_path / f"{width}.png"
    page.screenshot(path=taken)
    with Image.open(taken) as now, Image.open(REFERENCES / f"{width}.png") as before:
        assert now.size == before.size
        changed = ImageChops.difference(now.convert("L"), before.convert("L"))
        counts = changed.histogram()
        ratio = sum(counts[32:]) / (now.width * now.height)
    assert ratio < MOST_DIFFERENT, f"{ratio:.1%} of {taken} differs"
