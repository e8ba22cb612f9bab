// Controls in the words of the person who streams: title, help, and what its choices are called. What is not here gets
// its own name and the program's help, so that a new control is never missing.

export const FRONT = ["strength", "bank_weight", "transition_s", "motion", "detail"];
export const CAMERA = ["mirror", "fit", "zoom", "pan_x", "pan_y"];
export const STEERING = ["reference_weight", "structure_weight", "structure_weight_2", "structure_weight_3", "structure_interval"];
export const ELSEWHERE = ["prompt", "mode", "blend", "reference", "reference_blend", "loras"];

const NAMES = {
  strength: ["How much look", "Left: your camera as it is. Right: as much of the look as there is."],
  bank_weight: ["Steadiness", "How hard the picture holds on to what it drew before. 0 flickers, 1 is usual."],
  transition_s: ["Glide", "How long one look takes to become the next."],
  motion: ["Smooth motion", "The look is drawn a few times a second. In between it follows your movement; off, it waits for the next drawing."],
  detail: ["Fine lines", "Hair, cloth and letters of your camera's picture, drawn into the look; 0 adds none."],
  borrow: ["Look may use your camera", "Gaps and fine lines may come from your camera's picture. Off for looks that hide a face."],
  mirror: ["Mirror", "Flip left and right."],
  fit: ["Shape", "What happens when the camera's shape is another than the picture's."],
  zoom: ["Zoom", "Cut into the camera's picture."],
  pan_x: ["Left – right", "Which part is shown, where something is cut off."],
  pan_y: ["Up – down", "Which part is shown, where something is cut off."],
  reference_weight: ["How much of that picture", "How hard the look follows the reference picture. 0 is off."],
  structure_weight: ["Keep my outlines", "How hard the picture is held to the lines of your camera's picture, so that more look costs less of you. 0 is off."],
  structure_weight_2: ["Keep my outlines, second", "The same of the second network."],
  structure_weight_3: ["Keep my outlines, third", "The same of the third network."],
  structure_interval: ["Look at outlines every", "Every so many drawings; more is faster and follows you later."],
  region: ["The look is", "You are found in the camera's picture. While that is not sure, the look is everywhere."],
  outside: ["The rest shows", "What is where the look is not."],
  outside_colour: ["Its colour", "The colour where the look is not; green can be keyed out in OBS."],
  outside_look: ["Its colours are those of", "The look that is on, in the colours of another one."],
  region_feather: ["Soft edge", "How softly the look ends there."],
  negative_prompt: ["Not in the picture", "Words for what the look must not have."],
  guidance_scale: ["Pull of the prompt", "How hard the prompt pulls; 1 is off."],
  guidance_delta: ["Share of guidance", "How much of the difference to “not in the picture” is used."],
  clip_skip: ["Layer of the text", "Which layer of the text encoder counts: 1 is the usual one, 2 the one before it (“clip skip 2”)."],
  step_spread: ["Where the steps lie", "Right: later steps work on fine detail. Left: they change more. 0 spreads them evenly."],
  seed: ["Variation", "Another number draws the same look with other strokes."],
  seed_travel_s: ["Way to another variation", "How long the strokes take to become those of the other number; 0 changes at once."],
  fusion_strength: ["Detail kept from before", "How much of earlier pictures goes into fine detail."],
  fusion_threshold: ["Likeness for keeping detail", "How alike two places must be for that."],
  fusion_softness: ["Softness of that likeness", "0 switches; more goes over gently."],
  update_interval: ["Remember every", "How often the memory takes in a picture."],
  bank_ramp: ["Memory comes back over", "After a change the memory gains its weight over this long."],
  bank_noise_tilt: ["Memory by stage", "Above 0 early stages of drawing lean on the memory more, below 0 late ones."],
  motion_gate: ["Freedom of what moves", "How far what moves is let go by the memory."],
  motion_threshold: ["What counts as moving", "How strongly a part must change to count as moving."],
  feedback: ["Calm where nothing moves", "How much of the last picture stays where nothing moves."],
  input_denoise: ["Less camera noise", "How far the camera's noise is averaged out where nothing moves."],
  noise_drift: ["Living texture", "How fast the texture turns; 0 stands still."],
  bank_change: ["Memory at a new look", "What the memory does when the look changes."],
  still_threshold: ["Rest when still", "Repeat the picture while nothing moves more than this; 0 is off."],
};

// Choices of two that a person knows as a switch: its value when off, its value when on.
export const SWITCHES = { motion: ["hold", "reproject"] };

// Texts of which the page knows the possible ones: whoever places them fills in the choices.
export const CHOSEN = ["outside_look"];

const CHOICES = {
  fit: { crop: "fill, and cut off the rest", fit: "show all, with bars" },
  region: { whole: "everywhere", person: "only on me", background: "only behind me", face: "only on my face" },
  outside: { camera: "my camera as it is", blur: "my camera, blurred", colour: "one colour", palette: "another look's colours" },
  bank_change: { fade: "fade over", reset: "forget at once", keep: "keep" },
};

export const titleOf = (name) => NAMES[name]?.[0] ?? (name[0].toUpperCase() + name.slice(1).replaceAll("_", " "));
export const helpOf = (name, help) => NAMES[name]?.[1] ?? help;
export const choiceOf = (name, choice) => CHOICES[name]?.[choice] ?? choice;
