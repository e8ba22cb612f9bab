// What each state means, in words for the person in front of the camera.

const STATES = {
  "starting": ["", "Getting ready. Viewers see a card that says so."],
  "live": ["good", "Viewers see the look."],
  "camera lost": ["bad", "No picture from the camera; it is opened again by itself. Viewers see the last picture, then a card."],
  "engine restarting": ["bad", "The look is being started again. Viewers see the last picture, then a card."],
  "sink lost": ["bad", "An output takes no picture; it is opened again by itself."],
  "bypass": ["chosen", "Viewers see your camera as it is, without a look."],
  "freeze": ["chosen", "The picture stands still; you can move."],
  "resting": ["", ""],
  "privacy": ["chosen", "Covered: nobody sees you. Pressing Privacy again leaves it so."],
};

/** Kind of a state, for its colour. */
export const kindOf = (state) => STATES[state]?.[0] ?? "";

const BUSY = [
  [/^(.+ is loading beside; the picture stays)/, (found) => sentence(found[1])],
  [/^compiling .*\((\d+) of (\d+)\)/, (found) => `Speeding up (${found[1]} of ${found[2]}).`],
  [/compil|OpenVINO/, () => "Speeding up."],
  [/^loading torch/, () => "Starting the engine."],
  [/^(loading|moving the model)/, () => "Loading the model."],
  [/^asking the hub/, () => "Looking for the model."],
  [/^(warming up|trying numbers of threads)/, () => "Trying what this machine can do."],
  [/^waiting/, () => "Waiting for the first picture."],
];

/** What the engine is busy with, in words for a person; what has none stands as it is. */
function busyWords(progress) {
  if (!progress) return "";
  for (const [pattern, words] of BUSY) {
    const found = pattern.exec(progress);
    if (found) return words(found);
  }
  return sentence(progress);
}

/** Words with a large letter before them and a stop behind; "" stays. */
function sentence(words) {
  return words ? `${words[0].toUpperCase()}${words.slice(1).replace(/[.\s]*$/, "")}.` : "";
}

/** A state, its reason and its progress as one line. */
export function airWords({ state, reason, progress }) {
  return [STATES[state]?.[1] ?? "", sentence(reason), busyWords(progress)].filter(Boolean).join(" ");
}

/** How OBS is: a short word and a line. */
export function obsWords(obs) {
  const doing = [obs.streaming && "streaming", obs.recording && "recording"].filter(Boolean).join(" and ");
  switch (obs.state) {
    case "connected":
      return ["OBS connected", ["Connected", obs.version && `to OBS ${obs.version}`, obs.scene && `– scene “${obs.scene}”`, doing && `– ${doing}`].filter(Boolean).join(" ")];
    case "disconnected":
      return ["OBS not connected", obs.reason || "OBS does not answer. Is it running, with its WebSocket server switched on?"];
    case "silent":
      return ["OBS silent", "The program that speaks with OBS has gone silent. Start it again: streamv2v-cam obs"];
    default:
      return ["OBS off", "Hotkeys and scenes of OBS are not connected. To connect them: streamv2v-cam obs"];
  }
}

/** How a prompt is read: its tokens, its embeddings, and what of it does not count or is not there. */
export function promptWords({ known, tokens, places, chunks, embeddings, loras, remarks }) {
  const counted = known && `${tokens} of ${places} tokens${chunks > 1 ? `, in ${chunks} chunks` : ""}.`;
  const named = embeddings.length > 0 && `Embeddings: ${embeddings.join(", ")}.`;
  return [counted, named, ...loras.map(({ told }) => told), ...remarks].filter(Boolean).join(" ");
}

/** Whether there is nothing to say of a prompt but that it has room. */
export const isPlain = ({ chunks, embeddings, loras, remarks }) => chunks <= 1 && !embeddings.length && !loras.length && !remarks.length;

const PLACES = { cpu: "the processor", cuda: "the NVIDIA card", mps: "the Apple graphics" };

/** The engine's facts in sentences; what has no sentence stands behind them by its name. */
export function factWords(facts) {
  const left = { ...facts };
  const take = (name) => { const value = left[name]; delete left[name]; return value; };
  const because = (name) => { const why = take(name); return why ? ` (${why})` : ""; };
  const sentences = [];
  const device = take("device"), threads = take("threads"), threadsWhy = because("threads_reason");
  if (device) sentences.push(`Draws on ${PLACES[device] ?? device}${threads ? ` with ${threads} ${threads === 1 ? "thread" : "threads"}${threadsWhy}` : ""}.`);
  const width = take("width"), height = take("height"), slots = take("slots");
  if (width) sentences.push(`Pictures of ${width} × ${height} inside, ${slots} ${slots === 1 ? "step" : "steps"} each.`);
  const byRate = take("size_by_rate");
  if (byRate) sentences.push(`The size is chosen by rate: ${byRate}.`);
  const dtype = take("dtype"), dtypeWhy = because("dtype_reason");
  if (dtype) sentences.push(`Numbers are ${dtype}${dtypeWhy}.`);
  const plain = Object.entries(left).filter(([, value]) => ["string", "number"].includes(typeof value) && value !== "")
    .map(([name, value]) => `${name.replaceAll("_", " ")} ${value}`);
  if (plain.length) sentences.push(`Also: ${plain.join(", ")}.`);
  return sentences.join(" ") || "–";
}

/** A recording by command: its file, how long and how large it is, or why it was lost. */
export function recordingWords({ state, file, folder, seconds, bytes, reason }) {
  if (state === "lost") return reason;
  if (!file) return "";
  const time = `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
  const size = bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;
  const said = { recording: "Recording", finishing: "Finishing", off: "Recorded" }[state];
  return `${said} ${time}, ${size}: ${file}${state === "off" ? ` in ${folder}` : ""}`;
}

/** What the doctor found, by how much it matters: a short word and a line. */
export function healthWords({ error, warning, note }) {
  const counted = (count, one, many) => (count ? `${count} ${count === 1 ? one : many}` : "");
  if (error) return [counted(error, "thing in the way", "things in the way"), "What stands in the way comes first, with what to do."];
  if (warning) return [counted(warning, "thing could be better", "things could be better"), "Nothing stands in the way; these could be better."];
  return ["all is well", note ? "Nothing stands in the way. Good to know:" : "Nothing stands in the way."];
}

/** Bytes as people say them. */
export const sizeWords = (bytes) => (bytes < 1e9 ? `${Math.ceil(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`);

/** How far a model is that is fetched, or why it is not; "" once it is here. */
export function fetchingWords(fetching) {
  if (!fetching || fetching.state === "done") return "";
  const { name, state, done_bytes, total_bytes, problem } = fetching;
  if (state === "failed") return problem;
  const share = total_bytes ? ` ${Math.floor((100 * done_bytes) / total_bytes)} %` : "";
  return `${name}: ${state}${share}`;
}
