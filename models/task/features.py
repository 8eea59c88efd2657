"""The features and the language rule of `src/routing/task/`, in Python.

`golden.jsonl` pins both to the same numbers: what changes here changes there.
Everything looks at the first 2,000 characters and the last 400 alone.
"""
import math

LABELS = ["code", "creative", "reasoning", "analysis", "multilingual", "general"]
HEAD, TAIL, WINDOW, COUNTED = 1500, 400, 2000, 8000
WORD_BITS, LEAD_BITS, CHAR_BITS = 16, 14, 15
BUCKETS = (1 << WORD_BITS) + (1 << LEAD_BITS) + (1 << CHAR_BITS)
LEAD_WORDS, SPELLED, SPELLED_WORD = 12, 800, 20
SHAPES = 14
MASK = (1 << 64) - 1


def is_mark(c):
    """Whether a character beyond ASCII is punctuation, a symbol or an emoji."""
    o = ord(c)
    return (0x80 <= o <= 0xBF and o not in (0xAA, 0xB5, 0xBA)) or o in (0xD7, 0xF7) or 0x2000 <= o <= 0x2BFF \
        or 0x2E00 <= o <= 0x2E7F or 0x3000 <= o <= 0x303F or 0xE000 <= o <= 0xF8FF or 0xFE00 <= o <= 0xFE6F \
        or o == 0xFEFF or 0xFF00 <= o <= 0xFF0F or 0xFF1A <= o <= 0xFF20 or 0xFFF0 <= o <= 0xFFFF or o >= 0x1D400 and o < 0x20000 \
        or o >= 0xE0000


def is_word(c):
    o = ord(c)
    if o < 0x80:
        return "a" <= c <= "z" or "A" <= c <= "Z" or "0" <= c <= "9" or c == "_"
    return not is_mark(c)


def is_space(c):
    o = ord(c)
    return o <= 0x20 or o == 0xA0 or 0x2000 <= o <= 0x200B or o in (0x2028, 0x2029, 0x202F, 0x3000, 0xFEFF)


def is_letter(c):
    return is_word(c) and not ("0" <= c <= "9") and c != "_"


def lower(c):
    o = ord(c)
    if o < 0x80:
        return c.lower()
    if 0xC0 <= o < 0x590:
        return c.lower()[0]
    return c


def is_digit(c):
    return "0" <= c <= "9"


def fold(c):
    """Lower case, a digit as 0."""
    return "0" if is_digit(c) else lower(c)


def tokens(text):
    """Words and single marks of the head and the tail, lower case, digits as 0."""
    head, rest = text[:HEAD], text[HEAD:]
    out = split(head)
    if rest:
        out.append("\x01")
        out += split(rest[-TAIL:])
    return out


def split(text):
    out, word = [], ""
    for c in text:
        if is_word(c):
            word += fold(c)
            continue
        if word:
            out.append(word)
            word = ""
        if not is_space(c):
            out.append(c)
    if word:
        out.append(word)
    return out


def fnv(data, seed=0xCBF29CE484222325):
    h = seed
    for b in data:
        h = ((h ^ b) * 0x100000001B3) & MASK
    return h


def mix(h):
    """The finaliser of MurmurHash3."""
    h ^= h >> 33
    h = (h * 0xFF51AFD7ED558CCD) & MASK
    h ^= h >> 33
    h = (h * 0xC4CEB9FE1A85EC53) & MASK
    return h ^ (h >> 33)


def grams(hashes, longest):
    """Hashes of the 1-grams to `longest`-grams, by order of their start."""
    for i in range(len(hashes)):
        h = 0
        for n in range(min(longest, len(hashes) - i)):
            h = mix(h ^ hashes[i + n] ^ (n + 1))
            yield h


def present(hashes, bits):
    """Bucket -> weight, the same for each that occurs; Euclidean norm 1."""
    out = {h >> (64 - bits) for h in hashes}
    return dict.fromkeys(out, 1 / math.sqrt(max(1, len(out))))


def spelled(text):
    """3-grams and 4-grams of characters within the words of the opening."""
    for token in split(text[:SPELLED]):
        if is_word(token[0]):
            word = " " + token[:SPELLED_WORD] + " "
            for n in (3, 4):
                for i in range(len(word) - n + 1):
                    yield mix(fnv(word[i:i + n].encode()))


def blocks(text):
    """Bucket -> weight over all blocks, one behind the other."""
    words = [fnv(t.encode()) for t in tokens(text)]
    lead = [fnv(t.encode(), 0x9E3779B97F4A7C15) for t in split(text[:WINDOW])[:LEAD_WORDS]]
    out, offset = {}, 0
    for hashes, bits in ((grams(words, 2), WORD_BITS), (grams(lead, 3), LEAD_BITS), (spelled(text), CHAR_BITS)):
        out.update((offset + k, v) for k, v in present(hashes, bits).items())
        offset += 1 << bits
    return out


def shape(text):
    seen = text[:WINDOW]
    n = max(1, len(seen))
    long = min(len(text), COUNTED)
    words = len(split_spaces(seen))
    def has(*cs):
        return sum(c in cs for c in seen)
    choices = choice_marks(seen)
    return [
        long / 2000, math.log1p(long) / 8,
        4 * sum(ord(c) > 0x24F for c in seen) / n,
        20 * sum(0xC0 <= ord(c) <= 0x24F for c in seen) / n,
        min(3, fences(seen)), min(3, has(*"{};") / 20),
        min(3, 20 * sum(map(is_digit, seen)) / n),
        min(3, has("\n") / 10), float("?" in seen), min(3, has(*"$\\^=") / 20),
        float(words < 12), float(words > 150),
        min(4, choices) / 2, float(ends_asking(text)),
    ]


def split_spaces(seen):
    out, word = [], False
    count = 0
    for c in seen:
        if is_space(c):
            word = False
        elif not word:
            word = True
            count += 1
    return range(count)


def fences(seen):
    return seen.count("```")


def choice_marks(seen):
    """How many of "a)", "b.", "C:" … stand alone, as in a question with answers to choose from."""
    count = 0
    for i in range(len(seen) - 1):
        if seen[i] in "abcdABCD" and seen[i + 1] in ").:" and (i == 0 or seen[i - 1] in " \n\t("):
            count += 1
    return count


def ends_asking(text):
    for c in reversed(text[-TAIL:]):
        if not is_space(c):
            return c == "?"
    return False
