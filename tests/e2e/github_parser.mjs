// GitHub's own parser over workflow files: prints one JSON list of complaints, empty when there are none.
// node github_parser.mjs NODE_MODULES FILE...
import { readFileSync } from "node:fs";
import { register } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

// The package imports JSON as bundlers allow it, without the attribute that node asks for.
register(`data:text/javascript,${encodeURIComponent(`
  import { readFileSync } from "node:fs";
  export async function load(url, context, next) {
    if (!url.endsWith(".json")) return next(url, context);
    const source = "export default " + readFileSync(new URL(url), "utf8");
    return { format: "module", shortCircuit: true, source };
  }`)}`);

const [modules, ...files] = process.argv.slice(2);
const { NoOperationTraceWriter, convertWorkflowTemplate, parseWorkflow } = await import(
  pathToFileURL(join(modules, "@actions/workflow-parser/dist/index.js"))
);
const complaints = [];
for (const name of files) {
  const parsed = parseWorkflow({ name, content: readFileSync(name, "utf8") }, new NoOperationTraceWriter());
  // 1: convert whatever could be read, so that every complaint comes at once.
  if (parsed.value) await convertWorkflowTemplate(parsed.context, parsed.value, undefined, { errorPolicy: 1 });
  complaints.push(...parsed.context.errors.getErrors().map((error) => error.message));
}
process.stdout.write(`${JSON.stringify(complaints)}\n`);
