// Practice in the page: one question after the other, a field for the answer, hints, the tangent, the solution.

class Asking {
  constructor(engine) {
    this.engine = engine;
    this.section = find("practice");
    this.questions = engine.record.practice.questions;
    this.rules = new Map(picture.lines.filter(Boolean).map(({ group }) => [group.id, group.querySelector(".rule")]).filter(([, rule]) => rule)
      .map(([id, rule]) => [id, { rule, text: rule.textContent }]));
    this.begin();
  }

  begin() {
    this.engine.reset();
    afterChange();
    this.engine.lift(true);
    this.judge = new Judge(this.engine);
    this.states = this.questions.map(() => "open"); // open, right, shown
    this.sawSolution = false;
    unknown = "?";
    panel.quiet = true;
    choose(null);
    this.ask(0);
  }

  end() {
    this.engine.lift(false);
    unknown = "—";
    panel.quiet = false;
    asked = null;
    this.showNumbers();
    const again = make("button", { type: "button", class: "small", id: "practise", onclick: () => this.begin() }, "Practice");
    const right = this.states.filter((state) => state === "right").length;
    const done = this.states.every((state) => state !== "open");
    this.section.replaceChildren(this.heading(), make("p", { id: "verdict", role: "status" }, done ? `${right} of ${this.questions.length} right. Every number is there now.` : "Every number is there now."), again);
    again.focus({ preventScroll: true });
  }

  heading(...rest) {
    return make("h2", {}, make("span", { class: "way" }, "Practice"), ...rest);
  }

  // Show what may be seen by now, wherever the page shows it.
  showNumbers() {
    for (const [id, { rule, text }] of this.rules) write(rule, this.engine.hides({ id }) ? "" : text);
    panel.showStep(player.position);
    nodePanel.shown = null;
    choose(chosen);
    picture.describe(player.position);
  }

  ask(at, words = "") {
    this.at = at;
    this.hinted = 0;
    this.sawSolution = false;
    const question = this.questions[at];
    const { engine } = this;
    const edges = question.edges.map(([node, slot]) => engine.below[node].find((edge) => edge.slot === slot));
    const between = question.kind === "gradient" ? engine.plainly(() => engine.paths(question.lower, 1)).edges : new Set(edges);
    asked = { edges: between, upper: question.upper, lower: question.lower };
    const chips = make("div", { class: "chips", role: "group", "aria-label": "Questions" }, ...this.questions.map(({ text }, i) => {
      const chip = make("button", { type: "button", class: `chip ${this.states[i]}`, "aria-label": `Question ${i + 1}: ${text}, ${{ open: "open", right: "answered", shown: "solution seen" }[this.states[i]]}`, onclick: () => this.ask(i) }, String(i + 1));
      if (i === at) chip.setAttribute("aria-current", "true");
      return chip;
    }));
    const close = make("button", { type: "button", class: "close", "aria-label": "End practice", title: "End practice", onclick: () => this.end() }, "×");
    const field = make("input", { type: "text", id: "answer", autocomplete: "off", autocapitalize: "off", spellcheck: "false", "aria-describedby": "about verdict", placeholder: "number or formula" });
    const check = make("button", { type: "submit", id: "check" }, "Check");
    const about = [question.about, ...engine.record.practice.definitions].filter(Boolean).join(", ");
    const form = make("form", { class: "answer" }, make("label", { for: "answer" }, `${question.text} =`), ...(about ? [make("p", { class: "aside", id: "about" }, `where ${about}`)] : []), make("div", { class: "change" }, field, check));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.check(field.value);
    });
    const tool = (id, word, act) => make("button", { type: "button", class: "small", id, onclick: act }, word);
    const tools = make("div", { class: "buttons" }, tool("hint", "Hint", () => this.hint()), tool("tangent", "Tangent", () => this.showTangent()), tool("solution", "Solution", () => this.solve()));
    this.verdict = make("p", { id: "verdict", role: "status", "aria-live": "polite" }, words);
    this.help = make("div", { class: "help" });
    this.section.replaceChildren(this.heading(make("span", { class: "progress" }, `${at + 1} of ${this.questions.length}`), close), chips, form, this.verdict, tools, this.help);
    this.showNumbers();
    camera.look([picture.boxOf(question.lower)], { besides: [picture.boxOf(question.upper)] });
    if (!matchMedia("(pointer: coarse)").matches) field.focus({ preventScroll: true });
  }

  say(words, right = false) {
    this.verdict.className = right ? "done" : "";
    this.verdict.textContent = words;
  }

  check(written) {
    if (!written.trim()) return;
    let verdict;
    try {
      verdict = this.engine.plainly(() => this.judge.judge(written, this.questions[this.at]));
    } catch (error) {
      if (!(error instanceof ReadingError)) throw error;
      this.say(error.message);
      find("answer").setAttribute("aria-invalid", "true");
      return;
    }
    find("answer").toggleAttribute("aria-invalid", !verdict.right);
    if (!verdict.right) {
      this.say(verdict.words);
      find("answer").select();
      return;
    }
    const { text } = this.questions[this.at];
    const number = numberText(this.engine.plainly(() => this.judge.due(this.questions[this.at])(this.judge.here)));
    this.finish(this.states[this.at] === "shown" || this.sawSolution ? "shown" : "right");
    this.next(`${verdict.words} ${text} = ${number}.`);
  }

  // Note that a question is done with, and uncover what it asked for.
  finish(state) {
    this.states[this.at] = state;
    const { kind, edges, lower } = this.questions[this.at];
    this.engine.reveal(kind === "slope" ? edges : [], kind === "gradient" ? lower : null);
  }

  next(words) {
    const open = this.states.indexOf("open", this.at) >= 0 ? this.states.indexOf("open", this.at) : this.states.indexOf("open");
    if (open < 0) {
      this.end();
      return;
    }
    this.ask(open, words);
    this.verdict.className = "done";
  }

  hint() {
    const { hints } = this.questions[this.at];
    if (this.hinted < hints.length) this.help.append(make("p", { class: "hint" }, hints[this.hinted++]));
    if (this.hinted === hints.length) find("hint").disabled = true;
  }

  showTangent() {
    if (this.help.querySelector(".tangent")) return;
    const { kind, upper, lower } = this.questions[this.at], { engine } = this;
    const drawn = engine.plainly(() => {
      const local = kind === "flow" ? { kind: "slope", upper, lower } : { kind, upper, lower };
      return drawTangent(engine, upper, lower, this.judge.due(local)(this.judge.here), kind === "gradient" ? undefined : this.judge.held);
    });
    this.help.append(drawn || make("p", { class: "hint" }, "There is no curve to draw here."));
  }

  solve() {
    if (!this.sawSolution) {
      this.sawSolution = true;
      this.finish("shown");
      this.showNumbers();
      this.help.append(...this.questions[this.at].solution.split("\n").map((line) => make("p", { class: "solution" }, line)));
      const on = make("button", { type: "button", class: "small", id: "go-on", onclick: () => this.next("") }, "Go on");
      this.help.append(on);
      on.focus({ preventScroll: true });
    }
  }
}

window.explorer = Object.freeze({ ...window.explorer, asking: new Asking(engine) });
