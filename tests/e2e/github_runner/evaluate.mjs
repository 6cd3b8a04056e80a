// Evaluates expressions as GitHub does: one JSON request a line on stdin, one JSON answer a line on stdout.
// node evaluate.mjs NODE_MODULES
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const { Evaluator, Lexer, Parser, data } = await import(
  pathToFileURL(join(process.argv[2], "@actions/expressions/dist/index.js"))
);
const STATUS = ["success", "failure", "always", "cancelled"];

function functions({ status, workspace }) {
  const found = STATUS.map((name) => ({
    name, minArgs: 0, maxArgs: 0, call: () => new data.BooleanData(status[name]),
  }));
  const hashFiles = (...names) => {
    const contents = names.map((name) => name.coerceString()).map((name) => {
      if (/[*?[!]/.test(name)) throw new Error(`hashFiles: patterns are not supported here: ${name}`);
      return join(workspace, name);
    }).filter(existsSync).map((path) => readFileSync(path));
    const digest = (content) => createHash("sha256").update(content).digest();
    return new data.StringData(contents.length ? digest(Buffer.concat(contents.map(digest))).toString("hex") : "");
  };
  return [...found, { name: "hashFiles", minArgs: 1, maxArgs: 255, call: hashFiles }];
}

function evaluate(request) {
  const known = functions(request);
  const { tokens } = new Lexer(request.expression).lex();
  const tree = new Parser(tokens, Object.keys(request.contexts), known).parse();
  const contexts = JSON.parse(JSON.stringify(request.contexts), data.reviver);
  const byName = new Map(known.map((one) => [one.name.toLowerCase(), one]));
  const result = new Evaluator(tree, contexts, byName).evaluate();
  return { value: JSON.parse(JSON.stringify(result, data.replacer)), text: result.coerceString() };
}

for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try {
    answer = evaluate(JSON.parse(line));
  } catch (error) {
    answer = { error: error.message };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
