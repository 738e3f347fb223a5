// The first sight of a page, when everything is there.

const BOXES = 60; // boxes that a screen holds
if (engine.nodes.length > BOXES && fold.depth) {
  let depth = fold.depth;
  while (depth > 1 && fold.count(new Set(fold.level(depth))) > BOXES) depth--;
  fold.set(new Set(fold.level(depth)));
}
showParts();
camera.resized();
player.follow(engine.count);
followAddress();
window.addEventListener("hashchange", followAddress);

// A handle for scripts in the page: the record, the numbers, what the controls do, and how formulas are read.
window.explorer = Object.freeze({ record, engine, player, fold, choose, change, read: readFormula });
