// Python and Graphviz, away from the page, so that a program that does not end can be stopped.
import { loadPyodide } from "./pyodide/pyodide.mjs";
import { instance } from "./viz.js";

const fetched = async (name) => {
  const answer = await fetch(new URL(name, import.meta.url));
  if (!answer.ok) throw new Error(`${name} is not there (${answer.status})`);
  return answer;
};
const send = (kind, content) => postMessage({ kind, content });

try {
  const [python, graphviz, engine, runner] = await Promise.all([
    loadPyodide({ indexURL: new URL("pyodide/", import.meta.url).href }),
    instance(),
    fetched("autograd.zip").then((answer) => answer.arrayBuffer()),
    fetched("runner.py").then((answer) => answer.text()),
  ]);
  python.registerJsModule("viz_js", graphviz);
  python.unpackArchive(engine, "zip", { extractDir: "/home/pyodide" });
  python.FS.writeFile("/home/pyodide/runner.py", runner);
  const { run } = python.pyimport("runner");
  const forward = (kind, content) => send(kind, content?.toJs ? content.toJs({ dict_converter: Object.fromEntries }) : content);
  onmessage = ({ data }) => {
    try {
      run(data, forward);
      send("done");
    } catch (error) { // Python is lost: the runner catches what a program raises
      send("broke", String(error).split("\n")[0]);
    }
  };
  send("ready", python.version);
} catch (error) {
  send("broken", String(error));
}
