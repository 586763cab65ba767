"use strict";
{
  const given = (tag, text) => Object.assign(document.createElement(tag), { type: "button", textContent: text });

  // A link into a folded section unfolds it.
  const reveal = (hash) => {
    const target = hash && document.getElementById(decodeURIComponent(hash.slice(1)));
    const folded = target && (target.querySelector(":scope > details") ?? target.closest("details"));
    if (folded) folded.open = true;
  };
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#"]');
    if (link) reveal(link.hash);
  });

  // All sections at once.
  const sections = [...document.querySelectorAll("main details")];
  const all = given("button", "Fold all");
  all.addEventListener("click", () => {
    const open = !sections.some((one) => one.open);
    for (const one of sections) one.open = open;
  });
  for (const one of sections) {
    one.addEventListener("toggle", () => {
      all.textContent = sections.some((other) => other.open) ? "Fold all" : "Unfold all";
    });
  }
  document.querySelector("nav").append(all);

  // A column's head sorts by it: up, down, and back to the order given. What is no number in a
  // column of numbers comes last either way.
  const order = new Intl.Collator(undefined, { numeric: true }).compare;
  for (const table of document.querySelectorAll("table.sorts")) {
    const body = table.tBodies[0];
    const rows = [...body.rows];
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, at) => {
      const button = given("button", head.textContent);
      head.replaceChildren(button);
      const cells = rows.map((row) => row.cells[at]);
      const known = (cell) => "value" in cell.dataset;
      const numeric = at === 0 ? cells.every(known) : cells.some(known);
      const compare = numeric
        ? (a, b) => a.dataset.value - b.dataset.value || 0
        : (a, b) => order(a.textContent, b.textContent);
      button.addEventListener("click", () => {
        const next = { ascending: "descending", descending: null }[head.ariaSort];
        const sort = next === undefined ? "ascending" : next;
        for (const other of heads) other.removeAttribute("aria-sort");
        if (sort) head.setAttribute("aria-sort", sort);
        const last = (row) => numeric && !known(row.cells[at]);
        const way = sort === "descending" ? -1 : 1;
        const sorted = (a, b) => last(a) - last(b) || way * compare(a.cells[at], b.cells[at]);
        body.append(...(sort ? rows.toSorted(sorted) : rows));
      });
    });
  }

  // What scrolls sideways can be reached by keyboard.
  const reach = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
      else target.removeAttribute("tabindex");
    }
  });
  for (const box of document.querySelectorAll(".scroll, pre")) reach.observe(box);

  reveal(location.hash);
}
