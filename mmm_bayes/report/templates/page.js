"use strict";
{
  const makeButton = (text) =>
    Object.assign(document.createElement("button"), { type: "button", textContent: text });

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
  const foldAll = makeButton("Fold all");
  foldAll.addEventListener("click", () => {
    const open = !sections.some((section) => section.open);
    for (const section of sections) section.open = open;
  });
  for (const section of sections) {
    section.addEventListener("toggle", () => {
      foldAll.textContent = sections.some((other) => other.open) ? "Fold all" : "Unfold all";
    });
  }
  document.querySelector("nav").append(foldAll);

  // The head of a column sorts by it: ascending, descending, and back to the original order. In a
  // column of numbers, cells without a number come last either way.
  const order = new Intl.Collator(undefined, { numeric: true }).compare;
  for (const table of document.querySelectorAll("table.sorts")) {
    const body = table.tBodies[0];
    const rows = [...body.rows];
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const button = makeButton(head.textContent);
      head.replaceChildren(button);
      const cells = rows.map((row) => row.cells[column]);
      const isNumber = (cell) => "value" in cell.dataset;
      const numeric = column === 0 ? cells.every(isNumber) : cells.some(isNumber);
      const compare = numeric
        ? (a, b) => a.dataset.value - b.dataset.value || 0
        : (a, b) => order(a.textContent, b.textContent);
      button.addEventListener("click", () => {
        const next = { ascending: "descending", descending: null }[head.ariaSort];
        const sort = next === undefined ? "ascending" : next;
        for (const other of heads) other.removeAttribute("aria-sort");
        if (sort) head.setAttribute("aria-sort", sort);
        const isLast = (row) => numeric && !isNumber(row.cells[column]);
        const sign = sort === "descending" ? -1 : 1;
        const byColumn = (a, b) =>
          isLast(a) - isLast(b) || sign * compare(a.cells[column], b.cells[column]);
        body.append(...(sort ? rows.toSorted(byColumn) : rows));
      });
    });
  }

  // Boxes that scroll sideways can be reached by keyboard.
  const observer = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
      else target.removeAttribute("tabindex");
    }
  });
  for (const box of document.querySelectorAll(".scroll, pre")) observer.observe(box);

  reveal(location.hash);
}
