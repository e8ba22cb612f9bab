// The page: shows what the program tells several times a second, and passes on what a person changes.
// Prompts, names and reasons are foreign text: they are only ever set as textContent or value.

const RETRY_MS = 1000;
const SLIDER_MS = 100;
const SILENCE_MS = 4000;
const KIND_OF_STATE = {
  "live": "good", "camera lost": "bad", "engine restarting": "bad", "sink lost": "bad",
  "bypass": "chosen", "freeze": "chosen", "privacy": "chosen",
};

const $ = (id) => document.getElementById(id);
let heardAt = 0;
let streaming = false;

async function send(method, address, body = {}) {
  try {
    const answer = await fetch(address, {
      method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
    });
    const told = await answer.json();
    $("refusal").hidden = answer.ok;
    if (answer.ok) show(told);
    else $("refusal").textContent = told.error;
  } catch {
    $("refusal").hidden = false;
    $("refusal").textContent = "The change did not arrive: the program does not answer.";
  }
}

const change = (patch) => send("PATCH", "/api/controls", patch);

function show(state) {
  const { air, telemetry, controls } = state;
  $("state").textContent = air.state;
  $("state").dataset.kind = KIND_OF_STATE[air.state] ?? "";
  $("reason").textContent = [air.reason, air.progress].filter(Boolean).join(" — ");
  showFigures(telemetry);
  $("source").textContent = air.source || "–";
  $("sinks").textContent = air.sinks.join(", ") || "this page only";
  showControls(state.look, controls);
  showPicture(state.preview);
  document.title = `${air.state} · StreamV2V camera`;
}

function showFigures(telemetry) {
  const figures = {
    "capture-fps": telemetry.capture_fps, "engine-fps": telemetry.engine_fps, "publish-fps": telemetry.publish_fps,
    "latency-p50": telemetry.latency_p50_ms, "latency-p95": telemetry.latency_p95_ms,
  };
  for (const [id, value] of Object.entries(figures)) {
    $(id).textContent = value ? value.toFixed(id.endsWith("fps") ? 1 : 0) : "–";
  }
}

function showControls(look, controls) {
  for (const button of document.querySelectorAll("[data-mode]")) {
    button.setAttribute("aria-pressed", String(button.dataset.mode === controls.mode));
  }
  for (const button of document.querySelectorAll("[data-look]")) {
    button.setAttribute("aria-pressed", String(button.dataset.look === look));
  }
  for (const slider of document.querySelectorAll("[data-control]")) {
    if (slider.dataset.held !== "yes") slider.value = controls[slider.dataset.control];
    $(`${slider.id}-value`).textContent = Number(slider.value).toFixed(2);
  }
  // What a person is writing is theirs until they send it.
  if (document.activeElement !== $("prompt")) $("prompt").value = controls.prompt;
}

function showPicture(offered) {
  $("picture").hidden = !offered;
  $("no-picture").hidden = offered;
  if (offered && !streaming) {
    streaming = true;
    $("picture").src = `/stream.mjpg?from=${Date.now()}`;
  }
}

async function showLooks() {
  const looks = await (await fetch("/api/looks")).json();
  $("looks").replaceChildren(...looks.map((look) => {
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.look = look.name;
    button.title = look.prompt;
    if (look.number <= 9) {
      const key = document.createElement("kbd");
      key.textContent = look.number;
      button.append(key);
    }
    button.append(look.title);
    button.addEventListener("click", () => send("POST", `/api/looks/${encodeURIComponent(look.name)}`));
    return button;
  }));
}

function listen() {
  const socket = new WebSocket(`ws://${location.host}/api/events`);
  socket.addEventListener("open", () => showLooks().catch(() => socket.close()));
  socket.addEventListener("message", (event) => {
    heardAt = Date.now();
    $("gone").hidden = true;
    show(JSON.parse(event.data));
  });
  const watch = setInterval(() => {
    if (heardAt && Date.now() - heardAt > SILENCE_MS) socket.close();
  }, RETRY_MS);
  socket.addEventListener("close", () => {
    clearInterval(watch);
    heardAt = 0;
    streaming = false;
    $("gone").hidden = false;
    $("state").dataset.kind = "";
    document.title = "not answering · StreamV2V camera";
    setTimeout(listen, RETRY_MS);
  });
}

$("picture").addEventListener("error", () => { streaming = false; });
$("prompt-form").addEventListener("submit", (event) => {
  event.preventDefault();
  change({ prompt: $("prompt").value });
  $("prompt").blur();
});
$("prompt").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey) {
    event.preventDefault();
    $("prompt-form").requestSubmit();
  }
});
for (const button of document.querySelectorAll("[data-mode]")) {
  button.addEventListener("click", () => change({ mode: button.dataset.mode }));
}
for (const slider of document.querySelectorAll("[data-control]")) {
  // From the first movement until the answer to the last one, the slider is the person's: a state that
  // was on its way meanwhile must neither move it nor be what is sent.
  let pending = 0;
  let wanted = 0;
  const pass = async () => {
    pending = 0;
    await change({ [slider.dataset.control]: wanted });
    if (!pending) slider.dataset.held = "";
  };
  slider.addEventListener("input", () => {
    wanted = Number(slider.value);
    slider.dataset.held = "yes";
    $(`${slider.id}-value`).textContent = wanted.toFixed(2);
    pending ||= setTimeout(pass, SLIDER_MS);
  });
}
document.addEventListener("keydown", (event) => {
  const writing = event.target.matches?.("textarea, input") || event.ctrlKey || event.metaKey || event.altKey;
  if (!writing && /^[1-9]$/.test(event.key)) $("looks").children[Number(event.key) - 1]?.click();
});
listen();
