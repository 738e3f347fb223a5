// The search, the keys and the switches.

const HITS = 8;

function search() {
  const wanted = find("search").value.trim().toLowerCase();
  const rank = (name) => (name === wanted ? 0 : name.startsWith(wanted) ? 1 : 2);
  const hits = !wanted ? [] : engine.nodes.map(({ name }, i) => [name.toLowerCase(), i]).filter(([name]) => name.includes(wanted))
    .sort(([a], [b]) => rank(a) - rank(b) || a.length - b.length);
  const rows = hits.slice(0, HITS).map(([, node]) => {
    const { name, op } = engine.nodes[node];
    return make("button", { type: "button", onclick: () => pick(node) }, make("span", {}, name), make("small", {}, op === undefined ? engine.nodes[node].role : engine.record.operations[op].name));
  });
  if (hits.length > HITS) rows.push(make("p", {}, `and ${hits.length - HITS} more`));
  if (wanted && !hits.length) rows.push(make("p", {}, "no node of that name"));
  find("found").replaceChildren(...rows);
  find("found").hidden = !rows.length;
  return hits;
}

function pick(node) {
  find("found").hidden = true;
  find("search").value = "";
  choose(node, true);
}

find("search").addEventListener("input", search);
find("search").addEventListener("keydown", (event) => {
  if (event.key === "Enter") {
    const [hit] = search();
    if (hit) pick(hit[1]);
  } else if (event.key === "Escape") {
    find("search").value = "";
    search();
    find("search").blur();
  } else if (event.key === "ArrowDown") find("found").querySelector("button")?.focus();
});
document.addEventListener("pointerdown", (event) => {
  if (!event.target.closest("search")) find("found").hidden = true;
});

const KEYS = {
  ArrowRight: () => player.walk(1), ArrowLeft: () => player.walk(-1), PageDown: () => player.walk(1), PageUp: () => player.walk(-1),
  ArrowDown: () => parts.into(player.position), ArrowUp: () => parts.out(player.position),
  Home: () => player.go(0), End: () => player.go(engine.count), " ": () => player.toggle(),
  "+": () => camera.zoom(1.25), "=": () => camera.zoom(1.25), "-": () => camera.zoom(0.8), "0": () => camera.fit(true),
  m: () => minimap.toggle(),
  "/": () => {
    present(false); // where there is no search
    find("search").focus();
  },
};

// What a slider has no use for.
function leaves({ target, key }) {
  return target.type === "range" && (key === " " ? target.id === "position" : !/^(Arrow|Home|End|Page)/.test(key));
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !KEYS[event.key]) return;
  if (event.target.matches("input, select, textarea") && !leaves(event)) return;
  if (/^Arrow(Up|Down)$/.test(event.key) && (!fold.parts.paths.length || event.target.closest("#panel"))) return; // to scroll
  if (event.key === " " && event.target.matches("button, summary")) return;
  event.preventDefault();
  KEYS[event.key]();
});

const dark = matchMedia("(prefers-color-scheme: dark)");
const keep = {
  get: () => { try { return localStorage.getItem("edgegrad-theme"); } catch { return null; } },
  set: (theme) => { try { localStorage.setItem("edgegrad-theme", theme); } catch { /* a page without storage */ } },
};
if (keep.get()) document.documentElement.dataset.theme = keep.get();
find("theme").addEventListener("click", () => {
  const now = document.documentElement.dataset.theme || (dark.matches ? "dark" : "light");
  document.documentElement.dataset.theme = now === "dark" ? "light" : "dark";
  keep.set(document.documentElement.dataset.theme);
});
find("closer").addEventListener("click", () => camera.zoom(1.25));
find("farther").addEventListener("click", () => camera.zoom(0.8));
find("whole").addEventListener("click", () => camera.fit(true));
