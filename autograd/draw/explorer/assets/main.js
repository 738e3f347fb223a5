// The first sight of a page, when everything is there.

fold.set(foldedAtFirst());
showParts();
camera.resized();
player.follow(engine.count);
followAddress();
window.addEventListener("hashchange", followAddress);

// A handle for scripts in the page: the record, the numbers, what the controls do, and how formulas are read.
window.explorer = Object.freeze({ record, engine, player, fold, choose, change, refold: () => applyFold(fold.folded), read: readFormula });
