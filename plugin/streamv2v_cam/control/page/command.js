// A line for a terminal, with a button that copies it.

import { element } from "/elements.js";

export function commandLine(command) {
  const place = element("div", "command");
  const copy = element("button", "quiet", "Copy");
  copy.type = "button";
  copy.title = "For a terminal";
  const code = element("code", "", command);
  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(command);
      copy.textContent = "Copied";
    } catch {
      // where the browser does not let a page write there, the words are marked for a hand
      getSelection().selectAllChildren(code);
      copy.textContent = "Marked";
    }
    setTimeout(() => { copy.textContent = "Copy"; }, 2000);
  });
  place.append(code, copy);
  return place;
}
