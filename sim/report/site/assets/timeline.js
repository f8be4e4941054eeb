"use strict";
(function () {
  const line = JSON.parse(document.getElementById("data").textContent);
  const $ = (id) => document.getElementById(id);
  const NS = "http://www.w3.org/2000/svg";
  const node = (name, attrs, text) => {
    const n = document.createElementNS(NS, name);
    for (const k in attrs) n.setAttribute(k, attrs[k]);
    if (text !== undefined) n.textContent = text;
    return n;
  };
  const el = (name, cls, text) => {
    const n = document.createElement(name);
    if (cls) n.className = cls;
    if (text !== undefined) n.textContent = text;
    return n;
  };
  const calls = line.calls, stops = line.stops;
  const wanted = new URLSearchParams(location.hash.slice(1));
  let at = 0, chosen = 0, unit = 20, focused = false;
  const proof = () => (line.findings[chosen] ? line.findings[chosen].calls : []);
  const xOf = () => (stops[at] ? stops[at].x : 0);

  // Lanes: those without anything on them are left out.
  const used = new Set([...calls.map((c) => c.lane), ...line.marks.map((m) => m.lane), ...line.waits.map((w) => w.lane)]);
  const top = 26, row = 22, tops = [];
  let height = top;
  line.lanes.forEach((name, lane) => {
    const deep = calls.reduce((d, c) => (c.lane === lane ? Math.max(d, c.depth) : d), 0);
    tops.push(height);
    if (used.has(lane)) height += 32 + row * (deep + 1);
  });
  height += 8;
  const yOf = (lane, depth) => tops[lane] + 18 + row * depth;
  for (let lane = 0; lane < line.lanes.length; lane++) {
    if (!used.has(lane)) continue;
    const label = el("div", "", line.lanes[lane]);
    label.style.top = yOf(lane, 0) - 1 + "px";
    label.title = line.lanes[lane];
    $("lanes").append(label);
  }
  $("lanes").style.height = height + "px";

  // Where the next call on the same lane and depth begins.
  const following = [], last = {};
  for (let i = calls.length - 1; i >= 0; i--) {
    const place = calls[i].lane + "/" + calls[i].depth;
    following[i] = last[place] ?? line.width;
    last[place] = calls[i].from;
  }

  let svg, bars = [], cursor, head, badges, minUnit = 1;
  const view = $("view");
  const clip = (text, px) => {
    const n = Math.floor((px - 8) / 6.1);
    return n < 4 ? "" : text.length <= n ? text : text.slice(0, n - 1) + "…";
  };

  function draw() {
    const width = Math.max(line.width * unit, view.clientWidth || 600);
    const old = svg;
    svg = node("svg", { width, height, role: "img", "aria-label": "timeline of " + calls.length + " store calls" });
    const defs = node("defs", {});
    const hatch = node("pattern", { id: "hatch", width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" });
    hatch.append(node("path", { d: "M0 0V6" }));
    const arrow = node("marker", { id: "arrow", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto-start-reverse" });
    arrow.append(node("path", { d: "M0 0 8 4 0 8z", class: "edge-head" }));
    defs.append(hatch, arrow);
    svg.append(defs);
    for (let lane = 0; lane < line.lanes.length; lane++)
      if (used.has(lane)) svg.append(node("line", { class: "lane", x1: 0, x2: width, y1: tops[lane] + 5, y2: tops[lane] + 5 }));
    drawMarks();
    for (const w of line.waits) {
      const r = node("rect", { class: "wait" + (w.text === "sleeps" ? " sleep" : ""), x: w.from * unit, width: Math.max((w.to - w.from) * unit, 2), y: tops[w.lane] + 9, height: 6, rx: 2 });
      r.dataset.tip = w.text;
      svg.append(r);
    }
    bars = calls.map((c, i) => {
      const x = c.from * unit, w = Math.max((c.to - c.from) * unit, 3);
      const room = Math.max(w, (following[i] - c.from) * unit - 4); // a label may run on to the next call
      const g = node("g", { class: "call " + c.kind + " " + c.outcome + (c.open ? " open" : "") });
      g.dataset.call = i;
      g.append(node("rect", { x, width: w, y: yOf(c.lane, c.depth), height: row - 4, rx: 4 }));
      const text = clip(c.label, room);
      if (text) g.append(node("text", { x: x + 5, y: yOf(c.lane, c.depth) + 13 }, text));
      svg.append(g);
      return g;
    });
    for (const m of line.marks) {
      if (m.lane < 0) continue;
      const x = m.x * unit, y = tops[m.lane] + 12;
      const n = m.kind === "fault"
        ? node("path", { class: "mark fault", d: "M1-6l-5 7h3l-1 6 5-8h-3z", transform: `translate(${x} ${y}) scale(1.3)` })
        : node("circle", { class: "mark " + m.kind, cx: x, cy: yOf(m.lane, 0) + row - 1, r: 2.2 });
      n.dataset.tip = m.text;
      svg.append(n);
    }
    badges = node("g", {});
    cursor = node("line", { class: "cursor", y1: 12, y2: height });
    head = node("path", { class: "cursor-head" });
    svg.append(badges, cursor, head);
    old ? old.replaceWith(svg) : view.append(svg);
    highlight();
    move(at, false);
  }

  function drawMarks() {
    let free = -1e9;
    for (const m of line.marks) {
      if (m.lane >= 0) continue;
      const x = m.x * unit;
      const n = node("line", { class: "mark-line " + m.kind, x1: x, x2: x, y1: 4, y2: height });
      n.dataset.tip = m.text;
      svg.append(n);
      const text = m.kind === "crash" ? "crash" : m.text;
      if (x > free) {
        svg.append(node("text", { class: "mark-text " + m.kind, x: x + 4, y: 11 }, text));
        free = x + 10 + text.length * 6.2;
      }
    }
  }

  // The calls of the proof are numbered, and its edges drawn.
  function highlight() {
    const ops = proof(), edges = line.findings[chosen] ? line.findings[chosen].edges : [];
    svg.classList.toggle("focus", focused && ops.length > 0);
    bars.forEach((g, i) => g.classList.toggle("proof", ops.includes(i)));
    badges.replaceChildren();
    const mid = (i) => ((calls[i].from + calls[i].to) / 2) * unit;
    edges.forEach((text, n) => {
      const a = ops[n], b = ops[(n + 1) % ops.length];
      if (a === undefined || a === b) return;
      const up = calls[a].lane === calls[b].lane;
      let x1 = mid(a), x2 = mid(b), y1 = yOf(calls[a].lane, calls[a].depth) + (row - 4) / 2, y2 = yOf(calls[b].lane, calls[b].depth) + (row - 4) / 2;
      const below = y2 > y1;
      y1 += up ? -9 : below ? 9 : -9; y2 += up ? -9 : below ? -9 : 9;
      x1 += n % 2 ? 7 : -7; x2 += n % 2 ? 7 : -7;
      const bend = up ? `C${x1} ${y1 - 24} ${x2} ${y2 - 24}` : `C${x1} ${(y1 + y2) / 2} ${x2} ${(y1 + y2) / 2}`;
      const p = node("path", { class: "edge" + (/\(rt\)$/.test(text) ? " rt" : ""), d: `M${x1} ${y1}${bend} ${x2} ${y2}`, "marker-end": "url(#arrow)" });
      p.dataset.tip = text;
      badges.append(p);
    });
    ops.forEach((i, n) => {
      const g = node("g", { class: "badge-no" }), x = calls[i].from * unit, y = yOf(calls[i].lane, calls[i].depth) + 1;
      g.append(node("circle", { cx: x, cy: y, r: 7.5 }), node("text", { x, y: y + 3.5 }, n + 1));
      badges.append(g);
    });
    for (const [i, tr] of [...$("calls").rows].entries()) tr.classList.toggle("proof", ops.includes(i));
    drawMap();
  }

  function drawMap() {
    const map = $("map");
    map.setAttribute("viewBox", `0 0 ${line.width} ${line.lanes.length + 1}`);
    map.replaceChildren();
    const ops = proof();
    calls.forEach((c, i) => {
      const hit = ops.includes(i);
      const r = node("rect", { x: c.from, width: Math.max(c.to - c.from, line.width / 900), y: c.lane + 0.35, height: 0.55, fill: hit ? "var(--bad)" : "var(--dim)", opacity: hit ? 1 : 0.45 });
      if (hit) { r.setAttribute("y", c.lane + 0.1); r.setAttribute("height", 1); r.setAttribute("width", Math.max(c.to - c.from, line.width / 300)); }
      map.append(r);
    });
    map.append(node("rect", { id: "map-view", y: 0, height: line.lanes.length + 1, fill: "var(--accent)", opacity: 0.16 }));
    map.append(node("line", { id: "map-at", y1: 0, y2: line.lanes.length + 1, stroke: "var(--accent)", "stroke-width": 2, "vector-effect": "non-scaling-stroke" }));
    frame();
  }

  function frame() {
    const v = $("map-view"), a = $("map-at");
    if (!v) return;
    v.setAttribute("x", view.scrollLeft / unit);
    v.setAttribute("width", Math.min(view.clientWidth / unit, line.width));
    a.setAttribute("x1", xOf()); a.setAttribute("x2", xOf());
  }

  function show(x) {
    const left = x * unit, margin = Math.min(120, view.clientWidth / 4);
    if (left < view.scrollLeft + margin) view.scrollLeft = left - view.clientWidth / 2;
    else if (left > view.scrollLeft + view.clientWidth - margin) view.scrollLeft = left - view.clientWidth / 2;
    frame();
  }

  function move(to, scroll = true) {
    if (stops.length === 0) { $("where").textContent = "no step"; return; }
    at = Math.max(0, Math.min(stops.length - 1, to));
    const x = xOf(), s = stops[at];
    $("slider").value = at;
    $("slider").setAttribute("aria-valuetext", s.text);
    $("where").textContent = `step ${at + 1} of ${stops.length}`;
    cursor.setAttribute("x1", x * unit); cursor.setAttribute("x2", x * unit);
    head.setAttribute("d", `M${x * unit - 6} 8h12l-6 8z`);
    bars.forEach((g, i) => {
      g.classList.toggle("future", calls[i].from > x);
      g.classList.toggle("now", s.call === i);
    });
    for (const [i, tr] of [...$("calls").rows].entries()) tr.classList.toggle("now", s.call === i);
    $("now").textContent = s.text;
    const under = calls.map((c, i) => [c, i]).filter(([c]) => c.from <= x && x < c.to);
    $("under").replaceChildren(...(under.length ? under.map(([c, i]) => el("li", "mono", (proof().includes(i) ? "● " : "") + line.lanes[c.lane] + ": " + c.label)) : [el("li", "dim", "nothing")]));
    contents(x, s);
    try { history.replaceState(null, "", "#step=" + (at + 1) + (chosen ? "&finding=" + (chosen + 1) : "")); } catch { /* not on every file system */ }
    if (scroll) show(x); else frame();
  }

  const kept = 24;
  const tell = {
    there: "in the final log", unread: "acknowledged or seen; there was no final read", lost: "acknowledged or seen, and not in the final log", refused: "its append was refused, and it is in the final log",
    misplaced: "at another place than was promised", dropped: "of unknown outcome, and never seen", phantom: "nobody appended it",
  };
  function contents(x, s) {
    const ops = proof(), rows = [];
    // Streams that the proof writes to come first.
    const proving = (stream) => stream.events.some((e) => ops.includes(e.call));
    const sorted = [...line.streams.filter(proving), ...line.streams.filter((s) => !proving(s))];
    for (const stream of sorted) {
      const events = stream.events.filter((e) => e.from <= x);
      const box = el("div", "events");
      if (events.length > kept) box.append(el("span", "dim mono", `${events.length - kept} earlier … `));
      for (const e of events.slice(-kept)) {
        const pending = x < e.to;
        const n = el("span", "ev " + (pending ? "pending" : e.state), `${e.v} ${e.type}`);
        if (ops.includes(e.call)) n.classList.add("proof");
        if (e.call >= 0 && e.call === s.call) n.classList.add("fresh");
        n.dataset.tip = (e.call >= 0 ? `call ${e.call} of ${line.lanes[calls[e.call].lane]}; ` : "") + (pending ? "under way" : tell[e.state]);
        box.append(n);
      }
      if (events.length === 0) box.append(el("span", "dim", "empty"));
      const name = el("div", "name", stream.name);
      rows.push(name, box);
    }
    $("streams").replaceChildren(...rows);
    if (rows.length === 0) $("streams").append(el("p", "dim", "no stream was used"));
  }

  function choose(n) {
    if (!line.findings[n]) return;
    chosen = n;
    [...$("findings").children].forEach((b, i) => b.setAttribute("aria-pressed", i === n));
    const f = line.findings[n], items = [];
    f.calls.forEach((i, k) => {
      const li = el("li"), go = el("button", "", `call ${i}: ${calls[i] ? calls[i].text : ""}`);
      go.type = "button";
      go.addEventListener("click", () => toCall(i));
      li.append(el("span", "no", k + 1), go);
      items.push(li);
      if (f.edges[k]) { const why = el("li", "why"); why.append(el("span", "", "↳"), el("span", "", f.edges[k])); items.push(why); }
    });
    $("proof").replaceChildren(...items);
    highlight();
  }

  const stopOf = (i) => stops.findIndex((s) => s.call === i);
  function toCall(i) { const n = stopOf(i); if (n >= 0) { move(n); $("stage").scrollIntoView({ block: "nearest" }); } }
  function toProof(way) {
    const places = proof().map(stopOf).filter((n) => n >= 0).sort((a, b) => a - b);
    if (!places.length) return;
    const next = way > 0 ? places.find((n) => n > at) : places.findLast((n) => n < at);
    move(next ?? (way > 0 ? places[0] : places.at(-1)));
  }
  function zoom(to) {
    const x = xOf(), offset = x * unit - view.scrollLeft;
    unit = Math.max(minUnit, Math.min(160, to));
    draw();
    view.scrollLeft = offset >= 0 && offset <= view.clientWidth ? x * unit - offset : x * unit - view.clientWidth / 2;
    frame();
  }
  const fitted = () => Math.max(0.05, view.clientWidth / line.width);
  const fit = () => zoom(fitted());
  function focus() { focused = !focused; $("focus").setAttribute("aria-pressed", focused); highlight(); }

  const keys = {
    ArrowLeft: (e) => move(at - (e.shiftKey ? 10 : 1)), ArrowRight: (e) => move(at + (e.shiftKey ? 10 : 1)),
    Home: () => move(0), End: () => move(stops.length - 1), n: () => toProof(1), p: () => toProof(-1),
    ArrowUp: () => choose(Math.max(0, chosen - 1)), ArrowDown: () => choose(Math.min(line.findings.length - 1, chosen + 1)),
    "+": () => zoom(unit * 1.5), "=": () => zoom(unit * 1.5), "-": () => zoom(unit / 1.5), 0: fit,
    f: focus, t: () => window.toggleTheme(), i: () => { location.href = "index.html"; }, "?": () => $("help").showModal(),
  };
  addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey || $("help").open || !keys[e.key]) return;
    if (/^Arrow(Up|Down)$/.test(e.key) && !view.contains(document.activeElement) && document.activeElement !== $("slider") && !$("findings").contains(document.activeElement) && document.activeElement !== document.body) return;
    e.preventDefault();
    keys[e.key](e);
  });
  const on = (id, f) => $(id).addEventListener("click", f);
  on("first", () => move(0)); on("last", () => move(stops.length - 1)); on("back", () => move(at - 1)); on("forward", () => move(at + 1));
  on("proof-back", () => toProof(-1)); on("proof-next", () => toProof(1)); on("focus", focus);
  on("in", () => zoom(unit * 1.5)); on("out", () => zoom(unit / 1.5)); on("fit", fit); on("help-open", () => $("help").showModal());
  $("slider").addEventListener("input", () => move(+$("slider").value));
  [...$("findings").querySelectorAll("button")].forEach((b, n) => b.addEventListener("click", () => { choose(n); toProof(1); }));
  view.addEventListener("scroll", frame, { passive: true });
  view.addEventListener("click", (e) => {
    const g = e.target.closest("[data-call]");
    if (g) return toCall(+g.dataset.call);
    const x = (e.clientX - view.getBoundingClientRect().left + view.scrollLeft) / unit;
    const n = stops.findLastIndex((s) => s.x <= x);
    if (n >= 0) move(n, false);
  });
  const map = $("map");
  const drag = (e) => { if (e.buttons) { const b = map.getBoundingClientRect(); view.scrollLeft = ((e.clientX - b.left) / b.width) * line.width * unit - view.clientWidth / 2; } };
  map.addEventListener("pointerdown", (e) => { map.setPointerCapture(e.pointerId); drag(e); });
  map.addEventListener("pointermove", drag);

  let tip;
  addEventListener("pointerover", (e) => {
    const t = e.target.closest?.("[data-tip],[data-call]");
    if (tip) { tip.remove(); tip = null; }
    if (!t) return;
    tip = el("div", "tip", t.dataset.tip ?? calls[+t.dataset.call].text);
    document.body.append(tip);
    const b = t.getBoundingClientRect(), w = tip.offsetWidth;
    tip.style.left = Math.max(6, Math.min(innerWidth - w - 6, e.clientX - w / 2)) + "px";
    tip.style.top = (b.bottom + tip.offsetHeight + 12 < innerHeight ? b.bottom + 6 : b.top - tip.offsetHeight - 6) + "px";
  });
  $("porcupine").addEventListener("toggle", () => {
    const frame = $("porcupine").querySelector("iframe");
    if (frame && !frame.src) frame.src = frame.dataset.src;
  });
  addEventListener("resize", () => { minUnit = fitted(); if (unit < minUnit) fit(); else frame(); });

  $("slider").max = Math.max(0, stops.length - 1);
  minUnit = fitted();
  unit = Math.max(minUnit, Math.min(34, 6800 / Math.max(1, calls.length)), 16);
  draw();
  choose(Math.min(line.findings.length - 1, Math.max(0, (+wanted.get("finding") || 1) - 1)));
  const step = +wanted.get("step");
  if (step > 0) move(step - 1);
  else if (proof().length) { at = -1; toProof(1); } else move(stops.length - 1); // a run that broke off did so at its end
})();
