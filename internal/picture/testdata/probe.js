// Runs in a page and returns what is wrong with how it looks, one line each.
(() => {
  const complaints = [];
  const root = document.documentElement;
  const isPage = root.tagName.toLowerCase() === "html";

  // Nothing may make the whole page scroll sideways, nor refer to the outside.
  if (isPage && root.scrollWidth > window.innerWidth) {
    complaints.push(`the page scrolls sideways: ${root.scrollWidth} of ${window.innerWidth} pixels`);
  }
  for (const e of document.querySelectorAll("[src],[href],script,link,iframe,object,embed")) {
    complaints.push(`${e.tagName} refers to something, or runs: ${e.outerHTML.slice(0, 80)}`);
  }
  if (document.querySelector("parsererror")) complaints.push("not well-formed");

  const rgb = text => (text.match(/[\d.]+/g) || []).map(Number);
  const luminance = ([r, g, b]) => {
    const part = v => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const contrast = (a, b) => {
    const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p);
    return (x + 0.05) / (y + 0.05);
  };
  // What lies behind a text: in HTML the nearest background, in SVG the last
  // filled shape before it that covers its middle.
  const behindHTML = e => {
    for (; e; e = e.parentElement) {
      const c = rgb(getComputedStyle(e).backgroundColor);
      if (c.length === 3 || c[3] > 0) return c;
    }
    return matchMedia("(prefers-color-scheme:dark)").matches && isPage ? [0, 0, 0] : [255, 255, 255];
  };
  const behindSVG = e => {
    const r = e.getBoundingClientRect();
    const x = r.left + r.width / 2, y = r.top + r.height / 2;
    let found = null;
    for (const shape of e.ownerSVGElement.querySelectorAll("rect,circle")) {
      if (!(shape.compareDocumentPosition(e) & Node.DOCUMENT_POSITION_FOLLOWING)) break;
      const s = shape.getBoundingClientRect();
      if (s.left <= x && x <= s.right && s.top <= y && y <= s.bottom) found = rgb(getComputedStyle(shape).fill);
    }
    return found || behindHTML(e.ownerSVGElement.parentElement);
  };
  const shown = e => e.checkVisibility ? e.checkVisibility() : true;
  const name = e => `"${e.textContent.trim().slice(0, 40)}"`;

  const walker = document.createTreeWalker(document.body || root, NodeFilter.SHOW_TEXT);
  const texts = new Set();
  for (let n = walker.nextNode(); n; n = walker.nextNode()) {
    if (n.data.trim() && !n.parentElement.closest("style,script,title,desc")) texts.add(n.parentElement);
  }
  for (const e of texts) {
    if (!shown(e)) continue;
    const r = e.getBoundingClientRect();
    if (r.width < 1 || r.height < 1) { complaints.push(`${name(e)} has no size`); continue; }
    const drawn = e instanceof SVGElement;
    const style = getComputedStyle(e);
    const ratio = contrast(rgb(drawn ? style.fill : style.color), drawn ? behindSVG(e) : behindHTML(e));
    if (ratio < 4.5) complaints.push(`${name(e)} has a contrast of ${ratio.toFixed(2)}`);
    const inScroll = e.closest(".scroll");
    if (!drawn && !inScroll && isPage && r.right > window.innerWidth + 1) complaints.push(`${name(e)} is cut at the right`);
  }

  // In drawings: texts stay in their boxes, boxes and texts apart from each other.
  for (const svg of document.querySelectorAll("svg")) {
    const area = svg.getBoundingClientRect();
    const over = (a, b, slack) => a.left < b.right - slack && b.left < a.right - slack && a.top < b.bottom - slack && b.top < a.bottom - slack;
    const rect = e => e.getBoundingClientRect();
    const boxes = [...svg.querySelectorAll("g > rect[rx='8'], g > rect[rx='6'], g > rect.am-box:not([rx='2'])")];
    for (const box of boxes) {
      const b = rect(box);
      for (const text of box.parentElement.querySelectorAll("text")) {
        const t = rect(text);
        if (t.left < b.left || t.right > b.right || t.top < b.top || t.bottom > b.bottom) complaints.push(`${name(text)} leaves its box`);
      }
      for (const other of boxes) {
        if (other !== box && over(b, rect(other), 0)) complaints.push(`${name(box.parentElement)} covers ${name(other.parentElement)}`);
      }
      for (const disc of svg.querySelectorAll("circle")) {
        if (over(b, rect(disc), 1)) complaints.push(`a symbol lies on ${name(box.parentElement)}`);
      }
    }
    const lines = [...svg.querySelectorAll("text")];
    for (const t of lines) {
      const r = rect(t);
      if (r.left < area.left || r.right > area.right || r.top < area.top || r.bottom > area.bottom) complaints.push(`${name(t)} leaves the picture`);
      for (const o of lines) {
        if (o !== t && t.compareDocumentPosition(o) & Node.DOCUMENT_POSITION_FOLLOWING && over(r, rect(o), 2)) complaints.push(`${name(t)} and ${name(o)} overlap`);
      }
    }
  }
  return complaints;
})()
