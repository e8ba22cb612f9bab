// The dock: shows what the program tells, and passes on what a person changes.
// Prompts, names and reasons are foreign text: they are only ever set as textContent or value.

import { Arrange } from "/arrange.js";
import { Catalogue } from "/catalogue.js";
import { Checkup } from "/checkup.js";
import { Control } from "/controls.js";
import { Door } from "/door.js";
import { Link, kept, tokenIn } from "/link.js";
import { Loading } from "/loading.js";
import { Looks } from "/looks.js";
import { Loras } from "/loras.js";
import { CAMERA, ELSEWHERE, FRONT, STEERING } from "/names.js";
import { Notice } from "/notice.js";
import { OnDemand } from "/ondemand.js";
import { Past } from "/past.js";
import { Picture } from "/picture.js";
import { Prompt } from "/prompt.js";
import { forgetRefusals, say, wordsOf } from "/refusals.js";
import { Reference } from "/reference.js";
import { REGION, Region } from "/region.js";
import { Saving } from "/saving.js";
import { Servers } from "/servers.js";
import { Sizing } from "/sizing.js";
import { fill } from "/steady.js";
import { Welcome } from "/welcome.js";
import { airWords, factWords, kindOf, obsWords, recordingWords } from "/words.js";

const $ = (id) => document.getElementById(id);

const link = new Link();
const picture = new Picture(link);
const looks = new Looks(link, $("looks"), (name) => { if (arrange.isOpen) arrange.take(name); else send({ command: "look", name }, "looks-refusal"); });
const arrange = new Arrange(link, looks);
const region = new Region();
looks.changed = (list) => { arrange.show(); region.offer(list); };
new Saving(link, looks);
new Checkup(link);
new Past(link);
new Servers(link);
const catalogue = new Catalogue(link);
const onDemand = new OnDemand(link);
const welcome = new Welcome(link);
const sizing = new Sizing(link);
const prompt = new Prompt(send, link);
const reference = new Reference(link, (message) => link.send(message));
const loras = new Loras(link, prompt);
const notices = new Notice();
const door = new Door($("uncover"), () => send({ command: "leave_privacy" }));
const loading = new Loading(drawControls, listSources, () => sizing.list(), () => loras.list(), () => welcome.begin());
const controls = new Map();
let values = {};
let revision = 0;
let looksVersion = -1;
let described = {};

/** Send a change, and say at its place when it was refused. */
async function send(message, place = "refusal") {
  const answer = await link.send(message);
  say(place, answer.ok ? "" : answer.error);
  return answer;
}

async function drawControls() {
  const told = await link.read("/api/controls");
  if (JSON.stringify(told.described) === JSON.stringify(described)) return;
  described = told.described;
  controls.clear();
  for (const [name, rule] of Object.entries(described)) {
    if (!ELSEWHERE.includes(name)) controls.set(name, new Control(name, rule, (patch) => link.send({ controls: patch })));
  }
  const rows = (names) => names.filter((name) => controls.has(name)).map((name) => controls.get(name).element);
  $("sliders").replaceChildren(...rows(FRONT));
  $("camera-controls").replaceChildren(...rows(CAMERA));
  $("steering-controls").replaceChildren(...rows(STEERING));
  region.draw(controls);
  const shown = [...FRONT, ...CAMERA, ...STEERING, ...REGION];
  $("more-controls").replaceChildren(...rows([...controls.keys()].filter((name) => !shown.includes(name))));
  $("prompt").maxLength = described.prompt.most;
  showValues(values, revision);
}

async function listSources() {
  const found = await link.read("/api/cameras");
  fill($("source"), found.map(({ id, title }) => [id, title]), found.find(({ current }) => current)?.id ?? "");
}

function showValues(changed, told) {
  values = { ...values, ...changed };
  revision = told;
  for (const [name, value] of Object.entries(changed)) controls.get(name)?.show(value, revision);
  region.show(changed);
  if ("loras" in changed) {
    loras.show(changed.loras);
    prompt.recount();
  }
  for (const button of document.querySelectorAll("[data-mode]")) {
    button.setAttribute("aria-pressed", String(button.dataset.mode === values.mode));
  }
  const covered = values.mode === "privacy";
  door.show(covered);
  $("privacy").lastElementChild.textContent = covered ? "covered, and stays so" : "cover the picture at once";
  prompt.show(values.prompt);
}

function showRecording(recording) {
  const going = recording.state === "recording";
  $("record").setAttribute("aria-pressed", String(going));
  $("record").textContent = going ? "Stop" : "Record";
  $("record").title = going ? "Stop recording" : "Write what viewers see into a file";
  say("recording", recordingWords(recording));
}

/** A model that carries none of it has one closed line that says so; inside, a reason is said once. */
function showSteering(resting) {
  const said = [resting.reference];
  for (const name of STEERING) {
    const row = controls.get(name)?.element;
    if (row) row.hidden = Boolean(resting[name]) && said.includes(resting[name]);
    said.push(resting[name]);
  }
  $("steering-short").textContent = said.every(Boolean) ? "not with this model" : "";
  reference.show(values.reference, resting.reference ?? "");
}

function showStatus({ air, telemetry, obs, looks_version, notice, recording, fetching }) {
  for (const [name, control] of controls) control.rest(air.resting?.[name] ?? "");
  showSteering(air.resting ?? {});
  region.tell(air.region ?? "");
  showRecording(recording);
  onDemand.heard(air.on_demand);
  catalogue.heard(fetching, air.model ?? {});
  notices.show(notice);
  $("state").textContent = air.state;
  $("state").dataset.kind = kindOf(air.state);
  const told = airWords(air);
  if ($("words").textContent !== told) $("words").textContent = told;
  const put = (id, value, places) => { $(id).textContent = value ? value.toFixed(places) : "–"; };
  put("capture-fps", telemetry.capture_fps, 0);
  put("engine-fps", telemetry.engine_fps, 1);
  put("publish-fps", telemetry.publish_fps, 1);
  for (const name of ["latency", "look"]) {
    const slow = telemetry[`${name}_p95_ms`];
    put(`${name}-p50`, telemetry[`${name}_p50_ms`], 0);
    $(`${name}-p95`).textContent = slow ? `–${slow.toFixed(0)}` : "";
  }
  $("source-name").textContent = air.source || "–";
  $("sinks").textContent = air.sinks.join(", ") || "this page only";
  $("facts").textContent = factWords(air.facts);
  sizing.heard(`${air.model.on_air} ${air.facts.width}x${air.facts.height} ${air.facts.size_by_rate ?? ""}`);
  loras.heard(air.model.on_air);
  [$("obs-short").textContent, $("obs").textContent] = obsWords(obs);
  document.title = `${air.state} · StreamV2V camera`;
  if (looks_version !== looksVersion) {
    looksVersion = looks_version;
    looks.load().catch(() => { looksVersion = -1; });
  }
}

function away(text) {
  $("gone").classList.remove("calm");
  $("gone").textContent = text;
  $("gone").hidden = !text;
}

link.addEventListener("open", () => {
  away("");
  forgetRefusals();
  $("key-form").hidden = true;
  $("desk").hidden = false;
  looksVersion = -1;
  picture.begin();
  loading.begin();
});
link.addEventListener("state", ({ detail }) => {
  controls.forEach((control) => control.forget());
  showValues(detail.controls, detail.revision);
  looks.mark(detail.look);
  notices.begin(detail.notice);
  showStatus(detail);
});
link.addEventListener("change", ({ detail }) => {
  showValues(detail.changed, detail.revision);
  looks.mark(detail.look);
});
link.addEventListener("status", ({ detail }) => showStatus(detail));
link.addEventListener("gone", () => {
  picture.end();
  loading.end();
  away("The program does not answer. Waiting for it to come back …");
  $("state").textContent = "not answering";
  $("state").dataset.kind = "bad";
  $("words").textContent = "What viewers see is not known: nothing from here, if the program has ended.";
  document.title = "not answering · StreamV2V camera";
});
link.addEventListener("keyless", ({ detail }) => {
  picture.end();
  loading.end();
  away("");
  $("desk").hidden = true;
  $("key-form").hidden = false;
  $("key-reason").textContent = detail;
  $("key").focus();
});

$("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  link.use(tokenIn($("key").value));
  $("key").value = "";
});
for (const button of document.querySelectorAll("[data-mode]")) {
  button.addEventListener("click", () => {
    // Pressing Freeze or Bypass again ends it; Privacy pressed again still covers.
    const { mode } = button.dataset;
    send({ command: mode === "freeze" || mode === "bypass" ? `toggle_${mode}` : mode });
  });
}
$("source").addEventListener("focus", () => listSources().catch(() => {}));
$("source").addEventListener("change", async () => {
  const answer = await link.fetch("/api/source", { method: "POST", body: { id: $("source").value } }).catch(() => null);
  say("source-refusal", await wordsOf(answer));
});
$("record").addEventListener("click", () => send({ command: $("record").getAttribute("aria-pressed") === "true" ? "stop_recording" : "start_recording" }));
$("reset-bank").addEventListener("click", () => send({ command: "reset_bank" }, "more-refusal"));
$("defaults").addEventListener("click", () => {
  const plain = Object.fromEntries(Object.entries(described).filter(([name]) => !ELSEWHERE.includes(name)).map(([name, rule]) => [name, rule.default]));
  send({ controls: plain }, "more-refusal");
});
document.addEventListener("keydown", (event) => {
  const writing = event.target.matches?.("textarea, input, select") || event.ctrlKey || event.metaKey || event.altKey;
  if (!writing && /^[1-9]$/.test(event.key)) looks.press(Number(event.key));
});

const dark = matchMedia("(prefers-color-scheme: dark)");
function paint() {
  const chosen = kept.get("streamv2v-theme") || "";
  $("theme").value = chosen;
  document.documentElement.dataset.theme = chosen || (dark.matches ? "dark" : "light");
}
dark.addEventListener("change", paint);
$("theme").addEventListener("change", () => { kept.set("streamv2v-theme", $("theme").value); paint(); });
paint();
document.documentElement.dataset.begun = "yes";
link.start();
