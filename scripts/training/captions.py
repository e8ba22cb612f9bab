"""Captions: sentences that name a style, a palette and a mood in many ways.

Words compose: any style with any palette and any mood. Subjects, praise and unknown words are
mixed in so that the text encoder learns to pass over them. The empty prompt and "photo" mean the photo; a
sentence that names no look at all means paint in the picture's own colours (`teachers.GENERAL`).
"""

from __future__ import annotations

import numpy as np

from training.toning import INK_PAIRS, INKS, MOODS, PALETTES

STYLE_WORDS: dict[str, tuple[str, ...]] = {
    "photo": ("photo", "photograph", "picture", "snapshot", "realistic photo", "camera image"),
    "pencil": (
        "pencil sketch", "pencil drawing", "graphite drawing", "sketch", "line drawing",
        "hand drawn sketch", "pencil",
    ),
    "charcoal": ("charcoal drawing", "charcoal sketch", "charcoal", "chalk and charcoal", "smudged charcoal"),
    "linocut": ("linocut", "stencil", "black and white print", "noir", "ink print", "silhouette print"),
    "comic": ("comic book", "comic", "inked comic", "superhero comic", "comic strip", "manga"),
    "cartoon": (
        "cartoon", "anime", "cel shaded", "animation", "cel animation", "animated film", "ghibli",
        "toon",
    ),
    "neon": ("neon", "neon lights", "neon glow", "cyberpunk", "glowing lines", "synthwave", "tron", "laser"),
    "blueprint": ("blueprint", "technical drawing", "architect drawing", "white lines on blue", "schematic"),
    "pixel": ("pixel art", "8 bit", "16 bit game", "retro game", "pixelated", "blocky", "minecraft"),
    "vintage": (
        "vintage photo", "old photo", "sepia", "sepia photo", "antique photograph", "daguerreotype", "old film",
    ),
    "thermal": ("thermal camera", "heat vision", "thermal", "infrared", "heat map", "thermal image"),
    "popart": ("pop art", "silk screen", "warhol", "screen print", "poster art", "popart"),
    "glitch": ("glitch", "vhs", "glitch art", "vhs tape", "old television", "retro tv", "chromatic aberration"),
    "oil": (
        "oil painting", "oil on canvas", "painting", "oil", "acrylic painting", "acrylics", "painted",
        "brush strokes", "painterly", "gouache", "old master", "baroque", "rembrandt", "renaissance",
        "baroque portrait", "chiaroscuro", "caravaggio", "classical portrait",
    ),
    "illustration": (
        "illustration", "graphic novel", "storybook", "book illustration", "children's book", "concept art",
        "digital painting", "ink and colour", "outlined",
    ),
    "watercolour": (
        "watercolour", "watercolor", "watercolour painting", "watercolor painting", "aquarelle",
        "wash painting", "watercolours", "watercolors",
    ),
    "impressionist": (
        "impressionist painting", "impressionist", "impressionism", "monet", "sunlit painting", "renoir",
        "dabs of paint",
    ),
    "inkwash": ("ink wash", "ink wash painting", "sumi e", "sumi", "brush and ink", "india ink", "calligraphy"),
    "fauvist": (
        "fauvist", "fauvism", "matisse", "gauguin", "fauvist painting", "bold painting", "poster paint", "folk art",
        "tribal art", "batik", "colour woodcut", "color woodcut",
    ),
    "expressionist": (
        "expressionist painting", "expressionist", "expressionism", "munch", "wild strokes", "palette knife",
        "thick paint", "impasto", "rust", "rusty", "grunge", "fresco", "weathered wall", "cracked paint", "old wall",
    ),
    "streetart": (
        "street art", "graffiti", "paint splash", "splashes of paint", "spray paint", "splatter", "mural", "banksy",
    ),
    "pastel": (
        "pastel drawing", "pastel painting", "pastels", "soft pastels", "chalk pastels", "pastel", "degas",
        "chalk drawing", "coloured chalk", "crayon", "wax crayon", "crayon drawing", "crayons", "oil pastel",
        "coloured pencil", "colored pencil",
    ),
    "frost": ("frost", "frost drawing", "porcelain painting", "delft", "porcelain", "frosted glass", "ice queen"),
    "mosaic": ("mosaic", "tiles", "broken glass", "shattered glass", "crackle", "tessellation", "tile mosaic"),
    "woodcut": (
        "woodcut", "wood engraving", "woodblock", "carved print", "wood carving", "woodblock print", "etching",
        "engraving", "engraved", "crosshatching", "hatching", "copperplate", "banknote", "durer",
    ),
    "starry": (
        "starry night", "starry swirls", "van gogh", "swirls", "swirling strokes", "starry", "vincent", "whirling sky",
    ),
    "inferno": ("inferno", "lava", "hell", "embers", "devil", "lacquer", "fire and brimstone", "demon"),
    "cubist": ("cubist", "cubism", "picasso", "abstract", "abstract painting", "collage", "paper collage", "braque"),
    "glass": ("stained glass", "stained glass window", "church window", "cathedral window", "leaded glass", "mondrian"),
    "ukiyoe": ("ukiyo e", "japanese print", "japanese woodblock", "hokusai", "great wave", "ukiyo", "edo print"),
}  # fmt: skip

PALETTE_WORDS: dict[str, tuple[str, ...]] = {
    **{name: (f"in {name}", name, f"{name} tones", f"in shades of {name}", f"{name} colours") for name in INKS},
    "grey": ("in black and white", "monochrome", "in grey", "greyscale", "grayscale", "without colour"),
    "warm": ("warm", "in warm colours", "warm light", "golden hour", "sunset light"),
    "cold": ("cold", "in cold colours", "icy", "winter light", "frozen"),
    "pastel": ("in pastel colours", "soft colours", "pale colours", "faded", "in pale colours"),
    "vivid": ("vivid", "colourful", "in bright colours", "saturated", "colorful", "psychedelic"),
}
# "bright" by itself is a mood, which makes colours paler; the phrase has to be told from it.
OFTEN = {"vivid": "in bright colours"}
PALETTE_WORDS["teal"] += ("turquoise", "in cyan")
PALETTE_WORDS["purple"] += ("violet", "in lilac")
PALETTE_WORDS["gold"] += ("golden", "in yellow", "yellow")
PALETTE_WORDS["pink"] += ("rose", "in magenta")
PALETTE_WORDS["green"] += ("emerald", "in lime")
for _one, _other in INK_PAIRS:
    PALETTE_WORDS[f"{_one}+{_other}"] = tuple(
        text
        for first, second in ((_one, _other), (_other, _one))
        for text in (f"in {first} and {second}", f"{first} and {second}", f"{first} {second}")
    )

MOOD_WORDS: dict[str, tuple[str, ...]] = {
    "dark": ("dark", "gloomy", "at night", "moody", "low light"),
    "bright": ("bright", "sunny", "light", "brightly lit", "cheerful"),
    "dramatic": ("dramatic", "high contrast", "intense", "hard light"),
    "misty": ("misty", "foggy", "hazy", "in the fog"),
    "dreamy": ("dreamy", "soft glow", "ethereal", "magical", "glowing softly"),
}

SUBJECTS = (
    "a person", "a man", "a woman", "a portrait", "a face", "a streamer", "someone", "people", "me",
    "a person talking", "a girl", "a boy", "a room", "a friend", "a portrait of a person", "a scene",
)  # fmt: skip
PRAISE = (
    "masterpiece", "best quality", "highly detailed", "detailed", "4k", "beautiful", "trending",
    "award winning", "sharp", "artistic", "high quality", "professional", "aesthetic", "perfect",
)  # fmt: skip
FILLER_TEXT = (
    "astronaut cat dog robot king queen dragon forest city castle ocean mountain space moon star "
    "garden street car house tree river horse bird lion tiger wizard knight pirate soldier doctor "
    "teacher child baby hero monster ghost angel clown dancer singer guitar piano book hat shirt "
    "glasses beard hair hand eye smile tired happy sad angry young old tall small big ancient modern "
    "future epic simple strange funny cute scary japanese french medieval victorian summer autumn "
    "spring snow rain storm cloud morning evening island desert jungle office kitchen school market "
    "train ship plane bicycle flower apple coffee tea bread wine paper wood metal silk leather"
)
# A word that tells a look is nobody's filler: "ice" in a "castle of ice" is one, "ice queen" names frost.
_TELLING = {word for phrases in STYLE_WORDS.values() for phrase in phrases for word in phrase.split()}
FILLER = tuple(word for word in FILLER_TEXT.split() if word not in _TELLING)
TEMPLATES = (
    "{style}", "{style}", "{style} style", "a {style} of {subject}", "{subject} as {style}",
    "{subject}, {style}", "{style} of {subject}", "in the style of {style}", "{subject} in {style} style",
    "turn me into {style}", "{style}, {subject}",
)  # fmt: skip


# What a sentence that names no look is drawn as (`teachers.GENERAL`), in words for people.
OTHERWISE = "an oil painting in the picture's own colours"
# Parts of looks that leave a photo a photo when they stand alone (seen on this model or the one before).
WEAK_PHRASES = ("old photo",)
WEAK_ALONE = (
    "16", "aberration", "art", "book", "canvas", "carving", "chalk", "e", "hand", "inked", "lights", "map", "metal",
    "old", "s", "shaded", "shades", "silk", "smudged", "strip", "tape", "tones",
)  # fmt: skip


def _pick(rng: np.random.Generator, words: tuple[str, ...] | list[str]) -> str:
    return str(words[int(rng.integers(len(words)))])


def _unknown_word(rng: np.random.Generator) -> str:
    """A filler word, or now and then letters that no dictionary holds."""
    if rng.random() < 0.75:
        return _pick(rng, FILLER)
    return "".join(chr(97 + int(c)) for c in rng.integers(0, 26, int(rng.integers(3, 9))))


def compose(rng: np.random.Generator, *, style: str, palette: str = "", mood: str = "") -> str:
    """A random sentence for a style, palette and mood (keys; "" for no palette or mood)."""
    subject = _pick(rng, SUBJECTS)
    if rng.random() < 0.25:
        subject = f"a {_unknown_word(rng)}"
    text = _pick(rng, TEMPLATES).format(style=_pick(rng, STYLE_WORDS[style]), subject=subject)
    parts = [text]
    for word in (_palette_words(rng, palette) if palette else "", _pick(rng, MOOD_WORDS[mood]) if mood else ""):
        if word and " " not in word and rng.random() < 0.5:
            parts[0] = f"{word} {parts[0]}"
        elif word:
            parts.append(word)
    joiner = ", " if rng.random() < 0.6 else " "
    for extra, chance in ((_pick(rng, PRAISE), 0.2), (_unknown_word(rng), 0.15)):
        if rng.random() < chance:
            parts.insert(int(rng.integers(len(parts) + 1)), extra)
    return joiner.join(parts)


def compose_photo(rng: np.random.Generator) -> str:
    """A prompt that asks for the picture as it is: nothing, or a photo."""
    return "" if rng.random() < 0.6 else compose(rng, style="photo")


def compose_unknown(rng: np.random.Generator, *, palette: str = "", mood: str = "") -> str:
    """A prompt that names no look: a subject or words nobody taught, perhaps with a palette and a mood."""
    kind = rng.random()
    text = _pick(rng, SUBJECTS) if kind < 0.3 else f"a {_unknown_word(rng)} {_unknown_word(rng)}"
    if kind > 0.6:
        text = _pick(rng, ("{s} {u}", "{u} {s}", "{s} as a {u}", "turn me into a {u}", "{u}", "{u} style")).format(
            s=_pick(rng, SUBJECTS), u=_unknown_word(rng)
        )
    words = (_palette_words(rng, palette) if palette else "", _pick(rng, MOOD_WORDS[mood]) if mood else "")
    return ", ".join((text, *filter(None, words)))


def _palette_words(rng: np.random.Generator, palette: str) -> str:
    if palette in OFTEN and rng.random() < 0.4:
        return OFTEN[palette]
    return _pick(rng, PALETTE_WORDS[palette])


def vocabulary() -> dict[str, int]:
    """Every word of the captions with a weight: what the tokenizer learns its merges from."""
    counts: dict[str, int] = {}
    groups = ((STYLE_WORDS, 20), (PALETTE_WORDS, 20), (MOOD_WORDS, 20))
    for words, weight in groups:
        for phrases in words.values():
            for phrase in phrases:
                for word in phrase.split():
                    counts[word] = counts.get(word, 0) + weight
    for phrase in (*SUBJECTS, *PRAISE, *TEMPLATES, *FILLER):
        for word in phrase.replace("{style}", "").replace("{subject}", "").replace(",", " ").split():
            counts[word] = counts.get(word, 0) + 5
    return counts


def known_words() -> dict[str, list[str] | str]:
    """What the model's folder tells of these captions: looks, shades, and words that a prompt may hold beside them.

    "Photo" is no look: it asks for the picture as it is. Inks are; what only tints or lights a picture is a shade.
    What a prompt without any look is drawn as stands under "otherwise".
    """
    looks = [phrase for style, phrases in STYLE_WORDS.items() if style != "photo" for phrase in phrases]
    looks = [phrase for phrase in looks if phrase not in WEAK_PHRASES]
    inks = {*INKS, *("+".join(pair) for pair in INK_PAIRS)}
    looks += [phrase for name in INKS for phrase in PALETTE_WORDS[name]]
    shades = [phrase for name, phrases in PALETTE_WORDS.items() if name not in inks for phrase in phrases]
    shades += [phrase for phrases in MOOD_WORDS.values() for phrase in phrases]
    templates = " ".join(TEMPLATES).replace("{style}", "").replace("{subject}", "").replace(",", " ")
    passed_over = [*SUBJECTS, *PRAISE, *WEAK_ALONE, *templates.split()]
    return {
        "looks": looks,
        "shades": shades,
        "passed_over": sorted({word for text in passed_over for word in text.split()}),
        "photo": list(STYLE_WORDS["photo"]),
        "otherwise": OTHERWISE,
        "otherwise_words": STYLE_WORDS["oil"][0],
    }


assert set(PALETTE_WORDS) == set(PALETTES[1:]) and set(MOOD_WORDS) == set(MOODS[1:])
