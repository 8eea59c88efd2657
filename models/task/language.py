"""The language rule, as in `src/routing/task/language.rs`."""
import os

from features import WINDOW, is_letter, is_space, is_word, lower

SCRIPTS = [  # (first, last, language)
    (0x370, 0x3FF, "Greek"), (0x400, 0x52F, "Russian"), (0x530, 0x58F, "Armenian"), (0x590, 0x5FF, "Hebrew"),
    (0x600, 0x77F, "Arabic"), (0x900, 0x97F, "Hindi"), (0x980, 0x9FF, "Bengali"), (0xA00, 0xA7F, "Punjabi"),
    (0xA80, 0xAFF, "Gujarati"), (0xB80, 0xBFF, "Tamil"), (0xC00, 0xC7F, "Telugu"), (0xC80, 0xCFF, "Kannada"),
    (0xD00, 0xD7F, "Malayalam"), (0xE00, 0xE7F, "Thai"), (0x10A0, 0x10FF, "Georgian"), (0x1200, 0x137F, "Amharic"),
    (0x1780, 0x17FF, "Khmer"), (0x3040, 0x30FF, "Japanese"), (0x4E00, 0x9FFF, "Chinese"), (0xAC00, 0xD7AF, "Korean"),
]
VERBS = {"translate", "translates", "translated", "translating", "translation", "translations", "translator"}
WEAK_VERBS = {"render", "rendered", "convert", "say", "said", "version"}
NAMES = set("""afrikaans albanian amharic arabic armenian basque bengali bosnian bulgarian burmese cantonese catalan chinese
croatian czech danish dutch english esperanto estonian farsi filipino finnish french galician georgian german greek gujarati
hebrew hindi hungarian icelandic indonesian irish italian japanese kannada kazakh khmer korean latin latvian lithuanian
macedonian malay malayalam mandarin mongolian nepali norwegian pashto persian polish portuguese punjabi romanian russian
serbian sinhala slovak slovenian somali spanish swahili swedish tagalog tamil telugu thai tibetan turkish ukrainian urdu
uzbek vietnamese welsh yiddish yoruba zulu""".split())
STEMS = [("翻译", "Chinese"), ("翻譯", "Chinese"), ("訳して", "Japanese"), ("번역", "Korean"), ("перевед", "Russian"),
         ("Перевед", "Russian"), ("ترجم", "Arabic"), ("अनुवाद", "Hindi"), ("raduce al", "Spanish"), ("raduis en", "French"),
         ("raduzir", "Portuguese"), ("bersetze", "German")]
STOP_WORDS_SEEN = 120
INTO = {"from", "in", "into", "to"}


def stop_words():
    here = os.path.dirname(os.path.abspath(__file__))
    lists = {}
    with open(os.path.join(here, "stop_words.txt"), encoding="utf-8") as lines:
        for line in lines:
            if line.strip() and not line.startswith("#"):
                name, words = line.split(":", 1)
                lists[name.strip()] = set(words.split())
    return lists


STOPS = stop_words()


def foreign_script(seen):
    """The language of the script if more than 30 % of the letters lie above U+024F."""
    letters = beyond = kana = ukrainian = persian = 0
    scripts = {}
    for c in seen:
        if not is_letter(c):
            continue
        letters += 1
        o = ord(c)
        if o <= 0x24F or 0x1E00 <= o <= 0x1EFF or 0x300 <= o <= 0x36F:
            continue
        beyond += 1
        kana += 0x3040 <= o <= 0x30FF
        ukrainian += c in "іїєґІЇЄҐ"
        persian += c in "پچژگکی"
        for first, last, name in SCRIPTS:
            if first <= o <= last:
                scripts[name] = scripts.get(name, 0) + 1
                break
    if not letters or beyond * 10 <= letters * 3:
        return None
    order = [name for _, _, name in SCRIPTS]
    best = max(scripts, key=lambda s: (scripts[s], -order.index(s)), default="unknown")
    if best == "Chinese" and kana * 20 > scripts["Chinese"]:
        best = "Japanese"
    if best == "Russian" and ukrainian * 50 > scripts["Russian"]:
        best = "Ukrainian"
    if best == "Arabic" and persian * 25 > scripts["Arabic"]:
        best = "Persian"
    return best


def words_of(seen):
    """Lower-case words (start, word) and sentence ends (start, None)."""
    out, word, start = [], "", 0
    for i, c in enumerate(seen):
        if is_word(c):
            if not word:
                start = i
            word += lower(c)
            continue
        if word:
            out.append((start, word))
            word = ""
        if c in ".!?\n":
            out.append((i, None))
    if word:
        out.append((start, word))
    return out


def preceded(items, at):
    """Whether "into", "to", "in" or "from" stands before a word."""
    return at > 0 and items[at - 1][1] in INTO


def translation(text):
    """The language that a translation is asked to or from."""
    opening = text[:80]
    for stem, name in STEMS:
        if stem in opening:
            return name
    items = words_of(text[:300])
    for i, (at, word) in enumerate(items):
        strong = word in VERBS
        if not strong and word not in WEAK_VERBS:
            continue
        for step in (1, -1):
            j = i + step
            while 0 <= j < len(items) and items[j][1] is not None and abs(items[j][0] - at) <= 80:
                name = items[j][1]
                if name in NAMES and (name != "polish" or preceded(items, j)) and (strong or name not in ("english", "latin") ) \
                        and (strong or preceded(items, j)):
                    return name
                j += step
    for i in range(len(items) - 2):  # "English to Swahili"
        a, b, c = (items[i + k][1] for k in range(3))
        if a in NAMES and b in ("to", "into") and c in NAMES:
            return c
    ending = words_of(text[-40:].rstrip(" \n\t.!?\"'") if len(text) <= WINDOW else text[:0])
    if len(ending) >= 3:
        a, b = ending[-2][1], ending[-1][1]
        if b in NAMES and (a in ("into", "to") or a == "in" and b not in ("english", "latin")):
            return b
    return None


def foreign_words(seen):
    """The language of two different stop words, more than twice as many as English ones and a tenth of the words."""
    words = [w for _, w in words_of(seen) if w is not None and not "0" <= w[0] <= "9"]
    if len(words) < 3:
        return None
    words = words[:STOP_WORDS_SEEN]
    hits = {name: sum(w in stops for w in words) for name, stops in STOPS.items()}
    english = hits.pop("English")
    best = max(hits, key=lambda n: (hits[n], -list(hits).index(n)))
    different = len({w for w in words if w in STOPS[best]})
    accents = any(0xC0 <= ord(c) <= 0x24F or 0x1E00 <= ord(c) <= 0x1EFF for w in words for c in w)
    if different >= (1 if accents and not english else 2) and hits[best] > 2 * english and hits[best] * 10 >= len(words):
        return best
    return None


def rule(text):
    """(kind, language): kind is "foreign" or "translation"; None if the prompt is plain English."""
    seen = text[:WINDOW]
    name = foreign_script(seen)
    if name:
        return "foreign", name
    name = translation(text)
    if name:
        return "translation", name.capitalize()
    name = foreign_words(seen)
    if name:
        return "foreign", name
    return None
