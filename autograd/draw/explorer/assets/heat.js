// Heat: numbers as a small picture, a cell for each; one colour above zero and one below, the deeper the larger.

const MOST_CELLS = 24; // cells in a row or a column; of more numbers each shows the largest of several

class Heat {
  constructor(place, rows, columns, { x, y, width, height }) {
    this.group = draw("g", { class: "heat" });
    place.append(draw("g", { transform: `translate(${x} ${y})` }, this.group));
    Object.assign(this, { rows, columns, high: Math.min(rows, MOST_CELLS), wide: Math.min(columns, MOST_CELLS) });
    const [w, h] = [width / this.wide, height / this.high];
    this.group.append(draw("rect", { class: "ground", width, height }));
    this.cells = Array.from({ length: this.high * this.wide }, (_, i) => (
      draw("rect", { x: (i % this.wide) * w, y: Math.floor(i / this.wide) * h, width: w, height: h })));
    this.group.append(...this.cells);
  }

  // Show the number that number(row, column) gives; undefined where there is none yet.
  show(number) {
    const found = this.cells.map(() => 0);
    for (let row = 0; row < this.rows; row++) {
      for (let column = 0; column < this.columns; column++) {
        const x = number(row, column);
        const cell = Math.floor((row * this.high) / this.rows) * this.wide + Math.floor((column * this.wide) / this.columns);
        if (Number.isFinite(x) && Math.abs(x) > Math.abs(found[cell])) found[cell] = x;
      }
    }
    const most = found.reduce((largest, x) => Math.max(largest, Math.abs(x)), 0);
    this.cells.forEach((cell, i) => {
      const looks = found[i] < 0 ? "below" : "above";
      const deep = most ? Math.sqrt(Math.abs(found[i]) / most).toFixed(2) : "0";
      if (cell.looks === looks + deep) return;
      cell.looks = looks + deep;
      cell.setAttribute("class", looks);
      cell.setAttribute("fill-opacity", deep);
    });
  }
}
