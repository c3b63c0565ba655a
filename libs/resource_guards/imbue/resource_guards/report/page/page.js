"use strict";
// The report is data in the page; all text from it is set as text, and never as markup.
(() => {
  const data = JSON.parse(document.getElementById("report").textContent);
  const words = data.words;
  const MOST_FILES = 300;
  const MOST_TESTS = 200;
  const MOST_LISTED = 10;
  const OPEN_BELOW = 60; // so few tests that a search has found are shown at once

  const DECLARED = 1, OPTIONAL = 2;

  // [file, name, outcome, milliseconds or null, cells by resource, reason or -1]
  const FILE = 0, NAME = 1, OUTCOME = 2, MS = 3, CELLS = 4, REASON = 5;
  // of a cell: [flags, uses, violations, [[way, what, where, in a child, fixture], ...], unavailable or -1, unsure]
  const FLAGS = 0, COUNT = 1, KINDS = 2, USES = 3, UNAVAILABLE = 4, UNSURE = 5;

  const text = (index) => (index < 0 ? "" : data.strings[index]);
  const idOf = (test) => `${data.files[test[FILE]]}::${test[NAME]}`;
  const format = (template, values) => template.replace(/\{(\w+)\}/g, (_, key) => values[key]);
  const counted = (number, key) => format(words[number === 1 ? key : `${key}s`], { n: number.toLocaleString("en") });
  const seconds = (ms) => {
    if (ms === null) return "";
    return ms < 1000 ? `${ms} ms` : `${(ms / 1000).toLocaleString("en", { maximumFractionDigits: ms < 60000 ? 1 : 0 })} s`;
  };

  function element(tag, attributes, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (name === "onclick" || name === "oninput" || name === "onchange") made.addEventListener(name.slice(2), value);
      else if (value !== null && value !== false) made.setAttribute(name, value === true ? "" : value);
    }
    made.append(...children.filter((each) => each !== null && each !== undefined));
    return made;
  }

  const tag = (kind, said) => element("span", { class: `tag ${kind}` }, said);
  const quiet = (said) => element("p", { class: "quiet" }, said);

  const byFile = data.files.map(() => []);
  data.tests.forEach((test, index) => byFile[test[FILE]].push(index));
  const isWrong = (test) => Object.values(test[CELLS]).some((cell) => cell[KINDS].length);

  function section(id, title, ...children) {
    return element("section", { "aria-labelledby": id }, element("h2", { id }, title), ...children);
  }

  // --- the parts above the tests

  function totals() {
    const outcomes = new Map();
    let wrong = 0;
    for (const test of data.tests) {
      outcomes.set(test[OUTCOME], (outcomes.get(test[OUTCOME]) || 0) + 1);
      if (isWrong(test)) wrong += 1;
    }
    const said = [...outcomes].map(([index, count]) => `${count.toLocaleString("en")} ${data.outcomes[index]}`);
    return element("header", null,
      element("h1", null, words.title),
      element("p", null, `${counted(data.tests.length, "test")}: ${said.join(", ") || words.none}.`),
      element("p", null, wrong ? tag("wrong", counted(wrong, "wrong_test")) : verdict()));
  }

  function verdict() {
    if (data.problems.length) return "";
    return data.tests.some((test) => test[OUTCOME] >= data.ran) ? words.all_right : words.nothing_ran;
  }

  function problems() {
    if (!data.problems.length && !data.late.length) return null;
    const all = [...data.problems.map((each) => [each, "problem"]), ...data.late.map((each) => [each, "quiet"])];
    return section("problems", words.problems, ...all.map(([said, kind]) => element("p", { class: kind }, said)));
  }

  function resources() {
    if (!data.resources.length) return section("resources", words.resources, quiet(words.no_resources));
    const rows = data.resources.map(([mark, label], at) => {
      let marked = 0, used = 0, missing = 0, superfluous = 0, skipped = 0;
      for (const test of data.tests) {
        const cell = test[CELLS][at];
        if (!cell) continue;
        if (cell[FLAGS] & DECLARED) marked += 1;
        if (cell[COUNT]) used += 1;
        if (cell[KINDS].some((kind) => data.kinds[kind][1] === "missing")) missing += 1;
        if (cell[KINDS].some((kind) => data.kinds[kind][1] === "superfluous")) superfluous += 1;
        if (cell[UNAVAILABLE] >= 0) skipped += 1;
      }
      const figure = (number, kind) => element("td", null, number && kind ? tag(kind, number.toLocaleString("en")) : number.toLocaleString("en"));
      return element("tr", null,
        element("th", { scope: "row" }, label, mark === label ? null : element("span", { class: "quiet" }, ` @pytest.mark.${mark}`)),
        figure(marked), figure(used), figure(missing, "wrong"), figure(superfluous, "wrong"), figure(skipped, "skipped"));
    });
    const heads = ["resource", "marked", "used", "missing", "superfluous", "unavailable"];
    return section("resources", words.resources, element("div", { class: "scroll", tabindex: "0", role: "group", "aria-labelledby": "resources" },
      element("table", { "aria-labelledby": "resources" },
        element("thead", null, element("tr", null, ...heads.map((key) => element("th", { scope: "col" }, words[key])))),
        element("tbody", null, ...rows))));
  }

  function time() {
    if (!data.time.length) return null;
    const most = Math.max(...data.time.map((each) => each.ms), 1);
    const bars = data.time.map((each) => element("li", null,
      element("span", null, each.label),
      element("span", { class: "track", "aria-hidden": "true" }, element("span", { class: "bar", style: `width: ${(100 * each.ms / most).toFixed(1)}%` })),
      element("span", { class: "quiet" }, each.said)));
    return section("time", words.time, element("figure", null,
      element("ul", { class: "bars" }, ...bars), element("figcaption", { class: "quiet" }, words.time_means)));
  }

  // --- the matrix

  const search = element("input", { type: "search", id: "search", autocomplete: "off", oninput: () => later(filter) });
  const chosen = element("select", { id: "resource", onchange: () => filter() },
    element("option", { value: "" }, words.every_resource),
    ...data.resources.map(([, label], at) => element("option", { value: at }, label)));
  const wrongOnly = element("input", { type: "checkbox", id: "wrong", onchange: () => filter() });
  const status = element("p", { role: "status", class: "quiet" });
  const table = element("table", { class: "matrix", "aria-labelledby": "tests" });
  const columns = data.resources.length + 3;
  const more = element("div");
  let shown = byFile; // by file, the tests that are asked for
  let limit = MOST_FILES;
  let waiting = 0;

  function later(work, ms = 120) {
    clearTimeout(waiting);
    waiting = setTimeout(work, ms);
  }

  function haystack(test) {
    const found = [idOf(test)];
    for (const [at, cell] of Object.entries(test[CELLS])) {
      found.push(data.resources[at][1]);
      for (const use of cell[USES]) found.push(text(use[1]), text(use[4]));
    }
    return found.join("\n").toLowerCase();
  }

  function filter() {
    const wanted = search.value.trim().toLowerCase();
    const resource = chosen.value;
    const isAll = !wanted && !resource && !wrongOnly.checked;
    shown = isAll ? byFile : byFile.map((tests) => tests.filter((index) => {
      const test = data.tests[index];
      const cell = resource ? test[CELLS][resource] : null;
      if (resource && !cell) return false;
      if (wrongOnly.checked && !(cell ? cell[KINDS].length : isWrong(test))) return false;
      return !wanted || haystack(test).includes(wanted);
    }));
    limit = MOST_FILES;
    draw(isAll);
  }

  function draw(isAll) {
    const files = data.files.map((_, at) => at).filter((at) => shown[at].length);
    const count = files.reduce((sum, at) => sum + shown[at].length, 0);
    status.textContent = format(words.found, {
      n: count.toLocaleString("en"), all: data.tests.length.toLocaleString("en"), files: counted(files.length, "file"),
    });
    const isOpen = !isAll && count <= OPEN_BELOW;
    const bodies = files.slice(0, limit).map((at) => bodyOf(at, isOpen));
    const heads = [words.path, words.count, words.duration, ...data.resources.map(([, label]) => label)];
    table.replaceChildren(
      element("thead", null, element("tr", null, ...heads.map((said) => element("th", { scope: "col" }, said)))),
      ...bodies);
    more.replaceChildren(...(files.length > limit
      ? [moreButton(format(words.all_files, { n: files.length.toLocaleString("en") }), () => {
        const next = limit;
        limit = Infinity;
        draw(isAll);
        document.getElementById(`file-${files[next]}`).querySelector(".open").focus();
      })] : []));
  }

  const moreButton = (said, onclick) => element("button", { type: "button", class: "more", onclick }, said);

  function opener(said, title, onToggle) {
    const button = element("button", { type: "button", class: "open", "aria-expanded": "false", title, onclick: () => {
      const isOpen = button.getAttribute("aria-expanded") !== "true";
      button.setAttribute("aria-expanded", String(isOpen));
      onToggle(isOpen);
    } }, said);
    return button;
  }

  function bodyOf(at, isOpen) {
    const tests = shown[at].map((index) => data.tests[index]);
    const known = tests.filter((test) => test[MS] !== null);
    const total = known.reduce((sum, test) => sum + test[MS], 0);
    const cells = data.resources.map((_, resource) => {
      let used = 0, wrong = 0, skipped = 0;
      for (const test of tests) {
        const cell = test[CELLS][resource];
        if (!cell) continue;
        if (cell[COUNT]) used += 1;
        if (cell[KINDS].length) wrong += 1;
        if (cell[UNAVAILABLE] >= 0) skipped += 1;
      }
      return element("td", null,
        used ? tag("used", counted(used, "uses_it")) : null,
        wrong ? tag("wrong", counted(wrong, "is_wrong")) : null,
        skipped ? tag("skipped", counted(skipped, "is_skipped")) : null);
    });
    const body = element("tbody", { id: `file-${at}` });
    const path = data.files[at];
    const button = opener(path, path, (opened) => {
      while (body.children.length > 1) body.lastChild.remove();
      if (opened) addTests(body, at, 0);
    });
    body.append(element("tr", null, element("th", { scope: "row" }, button),
      element("td", null, tests.length.toLocaleString("en")), element("td", null, known.length ? seconds(total) : ""), ...cells));
    if (isOpen) button.click();
    return body;
  }

  function addTests(body, at, from) {
    const indexes = shown[at].slice(from, from + MOST_TESTS);
    for (const index of indexes) body.append(rowOf(index));
    const next = from + indexes.length;
    if (next < shown[at].length) {
      const left = (shown[at].length - next).toLocaleString("en");
      const row = element("tr", null, element("td", { colspan: columns }, moreButton(format(words.more_tests, { n: left }), () => {
        const before = row.previousSibling;
        row.remove();
        addTests(body, at, next);
        before.nextSibling.querySelector("button").focus();
      })));
      body.append(row);
    }
  }

  function tagsOf(cell) {
    const found = cell[KINDS].map((kind) => tag("wrong", data.kinds[kind][0]));
    if (cell[COUNT]) found.unshift(tag("used", counted(cell[COUNT], "use")));
    else if (cell[UNAVAILABLE] >= 0) found.push(tag("skipped", words.not_available));
    else if (cell[UNSURE].length) found.push(tag("skipped", words.cannot_be_known));
    else if (!found.length && cell[FLAGS] & OPTIONAL) found.push(element("span", { class: "quiet" }, words.optional));
    else if (!found.length && cell[FLAGS] & DECLARED) found.push(element("span", { class: "quiet" }, words.only_marked));
    return found;
  }

  function rowOf(index) {
    const test = data.tests[index];
    const row = element("tr", { class: "test", id: `test-${index}` });
    const button = opener(test[NAME], idOf(test), (opened) => {
      if (opened) row.after(element("tr", { class: "detail" }, element("td", { colspan: columns }, detailOf(test))));
      else row.nextSibling.remove();
    });
    const outcome = data.outcomes[test[OUTCOME]];
    const cells = data.resources.map((_, at) => element("td", null, ...(test[CELLS][at] ? tagsOf(test[CELLS][at]) : [])));
    row.append(element("th", { scope: "row" }, button),
      element("td", null, outcome === "failed" || outcome === "crashed" ? tag("wrong", outcome) : outcome),
      element("td", null, seconds(test[MS])), ...cells);
    return row;
  }

  function detailOf(test) {
    const made = element("div", null, element("p", null, element("code", null, idOf(test))));
    if (test[REASON] >= 0) made.append(element("p", null, `${data.outcomes[test[OUTCOME]]}: ${text(test[REASON])}`));
    for (const [at, cell] of Object.entries(test[CELLS])) {
      const label = data.resources[at][1];
      const flags = cell[FLAGS];
      const state = flags & OPTIONAL ? words.marked_optional : flags & DECLARED ? words.has_mark : words.no_mark;
      const items = cell[KINDS].map((kind) => element("li", null, tag("wrong", data.kinds[kind][0])));
      for (const [way, what, where, inChild, fixture] of cell[USES]) {
        items.push(element("li", null, `${text(way)}: `, element("code", null, text(what)),
          where >= 0 ? element("span", { class: "quiet" }, ` ${format(words.at, { place: text(where) })}`) : null,
          inChild ? element("span", { class: "quiet" }, `, ${words.in_child}`) : null,
          fixture >= 0 ? `, ${format(words.through_fixture, { name: text(fixture) })}` : null));
      }
      if (cell[COUNT] > cell[USES].length) items.push(element("li", null, format(words.more_uses, { n: cell[COUNT] - cell[USES].length })));
      if (cell[UNAVAILABLE] >= 0) items.push(element("li", null, `${words.not_available}: ${text(cell[UNAVAILABLE])}`));
      if (cell[UNSURE].length) items.push(element("li", null, `${words.cannot_be_known}: ${cell[UNSURE].map(text).join(", ")}`));
      made.append(element("h3", null, `${label}: ${state}`), items.length ? element("ul", { class: "list" }, ...items) : quiet(words.nothing_seen));
    }
    if (!Object.keys(test[CELLS]).length) made.append(quiet(words.uses_nothing));
    return made;
  }

  function goTo(index) {
    const test = data.tests[index];
    search.value = "";
    chosen.value = "";
    wrongOnly.checked = false;
    shown = byFile;
    if (data.files.filter((_, at) => byFile[at].length).indexOf(data.files[test[FILE]]) >= limit) limit = Infinity;
    draw(true);
    const body = document.getElementById(`file-${test[FILE]}`);
    body.querySelector(".open").click();
    for (let button = body.querySelector(":scope > tr .more"); button && !document.getElementById(`test-${index}`); button = body.querySelector(":scope > tr .more")) button.click();
    const row = document.getElementById(`test-${index}`);
    const button = row.querySelector(".open");
    button.click();
    button.focus();
    row.scrollIntoView({ block: "center" });
  }

  function listOf(indexes, added) {
    const list = element("ul", { class: "list" });
    const add = (from) => {
      const some = indexes.slice(from, from + MOST_LISTED);
      for (const index of some) {
        const link = element("a", { href: `#test-${index}`, onclick: () => later(goToAsked, 0) }, idOf(data.tests[index]));
        list.append(element("li", null, link, added ? added(index) : null));
      }
      const left = indexes.length - from - some.length;
      if (left > 0) {
        const row = element("li", null, moreButton(format(words.more_tests, { n: left.toLocaleString("en") }), () => {
          const before = row.previousSibling;
          row.remove();
          add(from + some.length);
          before.nextSibling.querySelector("a").focus();
        }));
        list.append(row);
      }
    };
    add(0);
    return list;
  }

  function matrix() {
    filter();
    return section("tests", words.by_file,
      element("div", { class: "controls" },
        element("label", { for: "search" }, words.search, search),
        element("label", { for: "resource" }, words.resource, chosen),
        element("label", { class: "check", for: "wrong" }, wrongOnly, words.wrong_only)),
      status,
      element("div", { class: "scroll", tabindex: "0", role: "group", "aria-labelledby": "tests" }, table),
      more);
  }

  function violations() {
    const groups = new Map();
    data.tests.forEach((test, index) => {
      for (const [at, cell] of Object.entries(test[CELLS])) {
        for (const kind of cell[KINDS]) {
          const key = `${data.resources[at][1]}: ${data.kinds[kind][0]}`;
          if (!groups.has(key)) groups.set(key, []);
          groups.get(key).push(index);
        }
      }
    });
    if (!groups.size) return null;
    return section("violations", words.violations, ...[...groups].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([title, indexes]) => [
      element("h3", null, `${title} (${indexes.length.toLocaleString("en")})`), listOf(indexes)]));
  }

  function nowhere() {
    if (!data.nowhere.length) return null;
    return section("nowhere", words.nowhere, ...data.nowhere.flatMap(([reason, indexes]) => [
      element("h3", null, `${reason} (${indexes.length.toLocaleString("en")})`), listOf(indexes)]));
  }

  document.body.append(
    element("a", { class: "skip", href: "#tests" }, words.skip_to_tests),
    totals(),
    element("main", null, ...[problems(), resources(), time(), matrix(), violations(), nowhere()].filter(Boolean)));
  // After the browser's own way to the fragment, which takes the focus away.
  const goToAsked = () => {
    const asked = /^#test-(\d+)$/.exec(location.hash);
    if (asked && data.tests[asked[1]]) goTo(Number(asked[1]));
  };
  addEventListener("hashchange", () => later(goToAsked, 0));
  later(goToAsked, 0);
})();
