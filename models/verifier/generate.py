"""Makes pairs from templates and word lists of our own.

Every list is cut into three parts; a pair takes all its words from one part,
so that a part can be held out. `family` names kind and part.
"""
import random

PARTS = 3

VERBS = """clean a leather sofa|paint a wooden fence|train a puppy|bake sourdough bread|fix a leaking tap|sharpen a kitchen knife|grow tomatoes indoors|write a business plan|file a tax return|sell handmade jewelry|knit a winter scarf|build a birdhouse|train for a marathon|brew ginger beer|tune a violin|repair a bicycle chain|plan a surprise party|decorate a small bedroom|raise chickens|learn sign language|save battery on a laptop|protect plants from frost|clean a cast iron pan|remove paint from glass|sew a button|install a dishwasher|insulate an attic|register a trademark|negotiate a lower rent|publish a children's book|store fresh herbs|cook a lobster|catch a trout|tie a bow tie|trim a hedge|pack a suitcase|hang a heavy mirror|polish silver cutlery|start a book club|record an audiobook|compress a video file|format a hard drive|encrypt a usb stick|rename a column in pandas|parse a date string|mock an http request|deploy a web server|validate an email address|rotate an api key|cache a database query|debug a memory leak|export a report to excel|resize an image|schedule a cron job|monitor a kubernetes cluster|write a unit test|profile a slow function|merge two dictionaries|flatten a nested list|round a decimal number|onboard a new employee|reduce customer churn|price a new product|write a project proposal|run a team retrospective|forecast quarterly revenue|lead a remote team|handle an angry customer|motivate a sales team|measure brand awareness|hire a freelance designer|write a job advert|calm a crying baby|teach a child to read|choose a school|treat a wasp sting|lower blood pressure|strengthen weak ankles|stretch a tight hamstring|whiten yellow teeth|get rid of hiccups|stop a nosebleed|soothe a sore throat|sleep on a plane|meditate at work|learn touch typing|memorize a speech|read sheet music|draw a realistic horse|photograph the night sky|edit a wedding video|write a love poem|win at chess|throw a frisbee|ride a unicycle|skate backwards|find cheap train tickets|rent a car abroad|apply for a student visa|get a library card|contest a parking ticket|change a surname|report a stolen credit card""".split("|")
NOUNS = """restaurant|museum|beach|bakery|bookshop|hiking trail|gym|hospital|language school|coworking space|campsite|vineyard|theatre|market|nightclub|kindergarten|swimming pool|ski resort|dentist|mechanic|hotel|zoo|park|cafe|hostel|lawyer|photographer|yoga studio|ferry|golf course""".split("|")
PLACES = """Lisbon|Vienna|Nairobi|Seoul|Chicago|Toronto|Athens|Bogota|Hanoi|Oslo|Denver|Prague|Cairo|Perth|Dublin|Zurich|Warsaw|Lima|Manila|Jakarta|Leeds|Naples|Seville|Bergen|Krakow|Porto|Quito|Osaka|Busan|Tampa""".split("|")
NAMES = """Netflix|Tesla|Nokia|Samsung|Siemens|Toyota|Adobe|Spotify|Airbnb|Uber|Intel|Sony|Honda|Philips|Boeing|Airbus|Nestle|Pfizer|Bayer|Lego|Ikea|Zara|Nvidia|Dell|Canon|Fiat|Shell|Visa|Oracle|Slack""".split("|")
TERMS = """entropy|osmosis|gravity|inflation|a derivative|a black hole|a mutex|a closure|a hash table|a balance sheet|a hedge fund|a mortgage|amortization|metaphor|a sonnet|irony|mitosis|an enzyme|a catalyst|an isotope|a monopoly|a tariff|a subpoena|a tort|a glacier|a fjord|a monsoon|a plasma|a quark|a laser|an algorithm|a compiler|a firewall|a proxy server|dark matter|a nebula|a concerto|a fugue|feudalism|a filibuster""".split("|")
PEOPLE = """Marie Curie|Isaac Newton|Ada Lovelace|Pablo Picasso|Nelson Mandela|Charles Darwin|Frida Kahlo|Nikola Tesla|Jane Austen|Leonardo da Vinci|Mozart|Beethoven|Cleopatra|Galileo|Florence Nightingale""".split("|")
CODES = """Python|Java|Rust|Go|Ruby|PHP|Swift|Kotlin|Perl|Scala|Haskell|Julia|Lua|Elixir|TypeScript""".split("|")
TONGUES = """German|Polish|Danish|Korean|Arabic|Swahili|Greek|Finnish|Turkish|Hindi|Welsh|Czech|Thai|Hebrew|Norwegian""".split("|")
PHRASES = """where is the station|happy birthday|good luck|see you tomorrow|the bill, please|I am lost|well done|how are you|never mind|merry christmas|my name is Anna|I would like some water""".split("|")
TASKS = """Write a speech about friendship|Explain how a volcano erupts|Describe the water cycle|Write a letter to the city council about noise|Summarize the history of jazz|Write a review of a vacuum cleaner|Explain the offside rule|Describe a day in the life of a nurse|Write an invitation to a garden party|Explain why leaves change colour|Write a toast for a wedding|Describe the job of an air traffic controller|Explain how a microwave oven works|Write a story about a lost key|Explain what a blockchain is|Write a product announcement for a smart kettle|Describe the rules of badminton|Write an apology to a customer for a late delivery""".split("|")
AUDIENCES = """for children|for experts|for teenagers|for seniors|for nurses|for investors|for tourists|for complete beginners|for managers|for farmers""".split("|")
FORMATS = """as a table|as bullet points|in JSON|as a poem|in one paragraph|in markdown|as a dialogue|as an email|in XML|as a numbered list""".split("|")
LENGTHS = """in 50 words|in 200 words|in two sentences|in three paragraphs|in one sentence|in 500 words|in a single paragraph|in five bullet points""".split("|")
TONES = """formal|casual|friendly|sarcastic|neutral|persuasive|humorous|poetic|dry""".split("|")
DAYS = """Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|January|March|April|June|July|September|October|November""".split("|")
EXTRAS = """in winter|at home|without a license|for free|for my wife|with a small budget|before breakfast|after surgery|under water|in the dark|on a Sunday|during pregnancy|while traveling|with one hand|on a weekday|for a living|at night|in public|in ancient times|with a friend|by hand|without tools|over the phone|near the coast|in high school""".split("|")
GRADES = """cheapest|worst|oldest|largest|quietest|safest|newest|closest|most expensive|smallest|busiest|strangest|most dangerous|friendliest|least crowded""".split("|")
OPPOSITES = """increase/decrease|buy/sell|open/close|before/after|hot/cold|cheap/expensive|above/below|accept/reject|import/export|enable/disable|encrypt/decrypt|maximum/minimum|advantages/disadvantages|indoors/outdoors|inner/outer|legal/illegal|possible/impossible|safe/unsafe|employee/employer|tenant/landlord|teacher/student|borrow/lend|arrive/depart|ascending/descending|public/private|internal/external|compress/decompress|install/uninstall|add/subtract|push/pull|lock/unlock|win/lose|success/failure|strength/weakness|male/female|wide/narrow|front/back|empty/full|early/late|strong/weak""".split("|")
OPPOSED = """What happens when you {} the valve?|How does it {} over time?|Explain {} values in this setting.|What are the rules for {} items?|Tell me about the {} case.|Which tools help with the {} side?|When is {} the right choice?|List common mistakes with {}.""".split("|")
CLOSE = """affect/effect|adapt/adopt|moral/morale|desert/dessert|angel/angle|casual/causal|trial/trail|diary/dairy|quiet/quite|planed/planned|nitrate/nitrite|chloride/chlorate|sulfate/sulfite|ethane/ethene|median/medina|martial/marital|cavalry/calvary|statue/statute|course/coarse|principal/principle|stationary/stationery|complement/compliment|council/counsel|loose/lose|breath/breathe|cloth/clothe|prey/pray|pedal/petal|sauna/fauna|carton/cartoon|massage/message|corps/corpse|sliver/silver|bacon/beacon|expand/expend|bridge/bride|horse/house|poet/port|salon/salmon|plant/planet|contact/contract|perspective/prospective|precede/proceed|personal/personnel|elicit/illicit|eminent/imminent""".split("|")
CLOSED = """What is {}?|How do I describe {} to a friend?|Write a paragraph about {}.|What causes {} in small towns?|Where does the word {} come from?|Is {} covered in this course?""".split("|")
DEEDS = """hire/hired|sue/sued|visit/visited|defeat/defeated|betray/betrayed|teach/taught|invite/invited|blame/blamed|replace/replaced|follow/followed|attack/attacked|acquire/acquired|support/supported|reject/rejected|copy/copied""".split("|")
HOW = """How do I {}?|How can I {}?|How to {}|What is the best way to {}?|How do you {}?|What's the way to {}?|What are some ways to {}?|How does one {}?|What should I do to {}?|How would I {}?|Best way to {}|How could I {}?|Is there a good way to {}?|What are good ways to {}?|What steps should I take to {}?|What is a good method to {}?|I want to {}. How do I do that?""".split("|")
NOT_HOW = """Why should I {}?|When should I {}?|Should I {}?|How much does it cost to {}?|How long does it take to {}?|Is it hard to {}?|Who can {}?|Where can I {}?|What do I need to {}?|Is it legal to {}?|What is the fastest way to {}?|What is the cheapest way to {}?|Why do people {}?|How do I not {}?|How often should I {}?|What is the hardest way to {}?|Did you ever {}?|How did people {} 200 years ago?|Write a song about how to {}.""".split("|")
BEST = """What is the best {n} in {p}?|Which is the best {n} in {p}?|What are the best {n}s in {p}?|Which {n} in {p} is the best?|Which {n} is the best in {p}?|best {n} in {p}|What are some good {n}s in {p}?|Can you recommend a good {n} in {p}?|Which are the best {n}s in {p}?|What is {p}'s best {n}?|Where is the best {n} in {p}?|What's the best {n} in {p}?""".split("|")
WHAT = """What is {}?|Define {}.|What does {} mean?|What's {}?|Explain what {} is.|What is meant by {}?|What is the meaning of {}?|Can you explain {}?""".split("|")
NOT_WHAT = """What is an example of {}?|Why is {} important?|Who discovered {}?|What is the history of {}?|How is {} measured?|What is the opposite of {}?|What are the dangers of {}?|When was {} first described?|What is not {}?|How do I teach {}?""".split("|")
FILLERS = """really|actually|exactly|also|just""".split("|")


def make(seed):
    rng = random.Random(seed)
    rows = []
    for part in range(PARTS):
        for kind, count, maker in KINDS:
            lists = Lists(part)
            seen = set()
            for _ in range(count * 3):
                made = maker(rng, lists)
                if made is None:
                    continue
                a, b, label = made
                if a == b or (a, b) in seen:
                    continue
                seen.add((a, b))
                if rng.random() < .5:
                    a, b = b, a
                rows.append({"a": a, "b": b, "label": label, "source": "generated", "kind": kind, "family": f"{kind}-{part}"})
                if len(seen) >= count:
                    break
    return rows


class Lists:
    def __init__(self, part):
        for name, value in globals().items():
            if name.isupper() and isinstance(value, list) and value and isinstance(value[0], str):
                fixed = name in FIXED
                setattr(self, name, value if fixed else value[part::PARTS])


# Grammar is the same for every part; words are not.
FIXED = {"HOW", "NOT_HOW", "BEST", "WHAT", "NOT_WHAT", "FILLERS", "OPPOSED", "CLOSED"}


def two(rng, items):
    return rng.sample(items, 2)


def style(rng, text):
    """A wording as people type it; never another request."""
    if rng.random() < .15:
        text = text[0].lower() + text[1:]
    if rng.random() < .1:
        text = text.rstrip("?.")
    return text


def how_same(rng, w):
    x, (f, g) = rng.choice(w.VERBS), two(rng, w.HOW)
    return style(rng, f.format(x)), style(rng, g.format(x)), 1


def how_object(rng, w):
    x, y = two(rng, w.VERBS)
    f = rng.choice(w.HOW)
    head, tail = x.split(" ")[0], y.split(" ", 1)[1]
    return f.format(x), rng.choice([f, rng.choice(w.HOW)]).format(f"{head} {tail}"), 0


def how_verb(rng, w):
    x, y = two(rng, w.VERBS)
    f = rng.choice(w.HOW)
    return f.format(x), rng.choice([f, rng.choice(w.HOW)]).format(f"{y.split(' ')[0]} {x.split(' ', 1)[1]}"), 0


def how_other(rng, w):
    x = rng.choice(w.VERBS)
    return rng.choice(w.HOW).format(x), rng.choice(w.NOT_HOW).format(x), 0


def how_others(rng, w):
    x, (f, g) = rng.choice(w.VERBS), two(rng, w.NOT_HOW)
    return f.format(x), g.format(x), 0


def how_extra(rng, w):
    x, f, e = rng.choice(w.VERBS), rng.choice(w.HOW), rng.choice(w.EXTRAS)
    g = rng.choice([f, rng.choice(w.HOW)])
    return f.format(x), g.format(f"{x} {e}"), 0


def how_extras(rng, w):
    x, (f, g), (e, d) = rng.choice(w.VERBS), two(rng, w.HOW), two(rng, w.EXTRAS)
    if rng.random() < .5:
        return f.format(f"{x} {e}"), g.format(f"{x} {e}"), 1
    return f.format(f"{x} {e}"), rng.choice([f, g]).format(f"{x} {d}"), 0


def best_same(rng, w):
    n, p, (f, g) = rng.choice(w.NOUNS), rng.choice(w.PLACES), two(rng, w.BEST)
    return style(rng, f.format(n=n, p=p)), style(rng, g.format(n=n, p=p)), 1


def best_other(rng, w):
    (n, m), (p, q), (f, g) = two(rng, w.NOUNS), two(rng, w.PLACES), two(rng, w.BEST)
    g = rng.choice([f, g])
    a = f.format(n=n, p=p)
    b = rng.choice([g.format(n=m, p=p), g.format(n=n, p=q)])
    return a, b, 0


def best_grade(rng, w):
    n, p, (g, h) = rng.choice(w.NOUNS), rng.choice(w.PLACES), two(rng, w.GRADES)
    if rng.random() < .5:
        return f"What is the {g} {n} in {p}?", f"Which {n} in {p} is the {g}?", 1
    return f"What is the {g} {n} in {p}?", f"What is the {rng.choice([h, 'best'])} {n} in {p}?", 0


def what_same(rng, w):
    x, (f, g) = rng.choice(w.TERMS), two(rng, w.WHAT)
    return style(rng, f.format(x)), style(rng, g.format(x)), 1


def what_other(rng, w):
    x, y = two(rng, w.TERMS)
    f = rng.choice(w.WHAT)
    return f.format(x), rng.choice([f.format(y), rng.choice(w.NOT_WHAT).format(x)]), 0


def difference(rng, w):
    x, y = two(rng, w.TERMS)
    z = rng.choice([t for t in w.TERMS if t not in (x, y)])
    forms = ["What is the difference between {} and {}?", "How do {} and {} differ?", "What's the difference between {} and {}?", "Compare {} and {}.", "{} and {}: what is the difference?", "What are the differences between {} and {}?"]
    f, g = two(rng, forms)
    if rng.random() < .5:
        return f.format(x, y), g.format(*rng.choice([(x, y), (y, x)])), 1
    return f.format(x, y), rng.choice([f, g]).format(x, z), 0


def direction(rng, w):
    p, q = two(rng, w.PLACES)
    forms = ["How do I get from {} to {}?", "What is the cheapest flight from {} to {}?", "How long is the train ride from {} to {}?", "Which documents do I need to move from {} to {}?", "How much does it cost to send a parcel from {} to {}?"]
    f = rng.choice(forms)
    a = f.format(p, q)
    swapped = f.replace(" from {} to {}", " to {} from {}")
    return rng.choice([(a, f.format(q, p), 0), (a, swapped.format(q, p), 1), (a, swapped.format(p, q), 0)])


def better(rng, w):
    x, y = two(rng, w.NAMES)
    adjective = rng.choice(["better", "bigger", "older", "more profitable", "more popular", "safer"])
    a = f"Is {x} {adjective} than {y}?"
    return rng.choice([
        (a, f"Is {y} {adjective} than {x}?", 0),
        (f"Which is {adjective}, {x} or {y}?", f"Which is {adjective}, {y} or {x}?", 1),
        (f"Which is {adjective}, {x} or {y}?", f"{x} or {y}, which one is {adjective}?", 1),
        (a, f"Is {x} {adjective} than {rng.choice([n for n in w.NAMES if n not in (x, y)])}?", 0),
        (a, f"Why is {x} {adjective} than {y}?", 0),
    ])


def role(rng, w):
    (x, y), deed = two(rng, w.NAMES), rng.choice(w.DEEDS).split("/")
    a = rng.choice(["Why did {} {} {}?", "When did {} {} {}?", "Did {} {} {}?"])
    opening = a.split(" ")[0] if a.startswith("W") else ""
    passive = f"{opening} was {y} {deed[1]} by {x}?".strip().capitalize() if opening else f"Was {y} {deed[1]} by {x}?"
    passive = passive.replace(x.lower(), x).replace(y.lower(), y)
    return rng.choice([
        (a.format(x, deed[0], y), a.format(y, deed[0], x), 0),
        (a.format(x, deed[0], y), passive, 1),
        (a.format(y, deed[0], x), passive, 0),
    ])


def code(rng, w):
    x = rng.choice([v for v in VERBS[40:60] if v in w.VERBS])
    c, d = two(rng, w.CODES)
    f, g = two(rng, w.HOW[:8])
    a = f.format(f"{x} in {c}")
    fronted = f"In {c}, " + g.format(x)[0].lower() + g.format(x)[1:]
    return rng.choice([(a, f.format(f"{x} in {d}"), 0), (a, fronted, 1), (f.format(f"{x} in {d}"), fronted, 0), (a, g.format(f"{x} with {c}"), 1), (f"Write a {c} function to {x}.", f"Write a function to {x} in {c}.", 1), (f"Write a {c} function to {x}.", f"Write a {d} function to {x}.", 0)])


def tongue(rng, w):
    (t, u), (x, y) = two(rng, w.TONGUES), two(rng, w.PHRASES)
    forms = ['How do you say "{x}" in {t}?', 'Translate "{x}" into {t}.', 'What is "{x}" in {t}?', 'What is the {t} translation of "{x}"?', 'Translate to {t}: {x}']
    f, g = two(rng, forms)
    return rng.choice([(f.format(x=x, t=t), g.format(x=x, t=t), 1), (f.format(x=x, t=t), f.format(x=x, t=u), 0), (f.format(x=x, t=t), g.format(x=y, t=t), 0), (f'Translate "{x}" from {t} to {u}.', f'Translate "{x}" from {u} to {t}.', 0)])


def manner(rng, w):
    x = rng.choice(w.TASKS)
    e, f = two(rng, rng.choice([w.AUDIENCES, w.FORMATS, w.LENGTHS]))
    t, u = two(rng, w.TONES)
    other = rng.choice([y for y in w.TASKS if y != x])
    return rng.choice([
        (f"{x} {e}.", f"{x} {f}.", 0), (f"{x}.", f"{x} {e}.", 0), (f"{x} {e}.", f"{other} {e}.", 0),
        (f"{e[0].upper()}{e[1:]}, {x[0].lower()}{x[1:]}.", f"{x} {e}.", 1),
        (f"{x}. Use a {t} tone.", f"{x}. Use a {u} tone.", 0), (f"{x}. Use a {t} tone.", f"{x} in a {t} tone.", 1),
        (f"{x} {e}.", f"I need you to {x[0].lower()}{x[1:]} {e}.", 1), (f"{x}.", f"I'd like you to {x[0].lower()}{x[1:]}.", 1),
        (f"{x}. Keep it short.", f"{x}. Make it long.", 0), (f"{x} {e}.", f"{x}, but not {e}.", 0),
    ])


def number(rng, w):
    k, m = two(rng, [2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 30, 40, 50, 75, 100, 200, 250, 500, 1000, 1500])
    n, p = rng.choice(w.NOUNS), rng.choice(w.PLACES)
    f = rng.choice(["Name {} good {n}s in {p}.", "Find a {n} in {p} for {} guests.", "Which {n} in {p} costs less than {} dollars?", "Plan a {} day visit to every {n} in {p}.", "Write {} sentences about a {n} in {p}.", "List the top {} {n}s in {p}.", "Is there a {n} in {p} that is {} years old?"])
    return rng.choice([(f.format(k, n=n, p=p), f.format(m, n=n, p=p), 0), (f.format(k, n=n, p=p), f.format(k, n=n, p=p).replace("Name", "Give me").replace("Find", "Search for").replace("List", "Show"), 1)])


def unit(rng, w):
    pairs = [("kilometers", "miles"), ("kilograms", "pounds"), ("Celsius", "Fahrenheit"), ("liters", "gallons"), ("meters", "feet"), ("euros", "dollars"), ("hours", "minutes"), ("grams", "ounces"), ("months", "weeks")]
    (a, b), k = rng.choice(pairs), rng.choice([3, 5, 8, 12, 20, 45, 60, 90])
    return rng.choice([
        (f"Convert {k} {a} to {b}.", f"Convert {k} {b} to {a}.", 0),
        (f"Convert {k} {a} to {b}.", f"What is {k} {a} in {b}?", 1),
        (f"Convert {k} {a} to {b}.", f"How many {b} are {k} {a}?", 1),
        (f"What is {k} {a} in {b}?", f"How many {a} are {k} {b}?", 0),
        (f"I have {k} {a}. Is that a lot?", f"I have {k} {b}. Is that a lot?", 0),
    ])


def date(rng, w):
    (d, e), p, n = two(rng, w.DAYS), rng.choice(w.PLACES), rng.choice(w.NOUNS)
    f = rng.choice(["Which {n} in {p} is open on {d}?", "What can I do in {p} in {d}?", "Write a reminder for the {n} in {p} on {d}.", "How crowded is the {n} in {p} on {d}?"])
    y, z = two(rng, range(1850, 2024))
    g = rng.choice(["What happened in {p} in {y}?", "How many people lived in {p} in {y}?", "Who ruled {p} in {y}?"])
    return rng.choice([(f.format(n=n, p=p, d=d), f.format(n=n, p=p, d=e), 0), (g.format(p=p, y=y), g.format(p=p, y=z), 0)])


def opposite(rng, w):
    (x, y), f = rng.choice(w.OPPOSITES).split("/"), rng.choice(w.OPPOSED)
    return f.format(x), f.format(y), 0


def close(rng, w):
    (x, y), f = rng.choice(w.CLOSE).split("/"), rng.choice(w.CLOSED)
    return f.format(x), f.format(y), 0


def negate(rng, w):
    x, n, p = rng.choice(w.VERBS), rng.choice(w.NOUNS), rng.choice(w.PLACES)
    k = rng.choice(w.NAMES)
    return rng.choice([
        (f"Why should I {x}?", f"Why should I not {x}?", 0), (f"Why do people {x}?", f"Why don't people {x}?", 0),
        (f"Which {n}s in {p} are open?", f"Which {n}s in {p} are not open?", 0), (f"Why does {k} pay taxes?", f"Why doesn't {k} pay taxes?", 0),
        (f"Why does {k} not pay taxes?", f"Why doesn't {k} pay taxes?", 1), (f"Why don't people {x}?", f"Why do people not {x}?", 1),
        (f"Can I {x} with help?", f"Can I {x} without help?", 0), (f"Has {k} ever opened a {n} in {p}?", f"Has {k} never opened a {n} in {p}?", 0),
    ])


def typo(rng, w):
    text = rng.choice([rng.choice(w.HOW).format(rng.choice(w.VERBS)), rng.choice(w.BEST).format(n=rng.choice(w.NOUNS), p=rng.choice(w.PLACES)), rng.choice(w.TASKS) + ".", rng.choice(w.NOT_HOW).format(rng.choice(w.VERBS))])
    words = text.split(" ")
    long = [i for i, word in enumerate(words) if len(word) > 4 and word.isalpha()]
    if not long:
        return None
    at = rng.choice(long)
    word = words[at]
    i = rng.randrange(1, len(word) - 1)
    words[at] = rng.choice([word[:i] + word[i + 1:], word[:i] + word[i + 1] + word[i] + word[i + 2:], word[:i] + word[i] + word[i:]])
    return text, " ".join(words), 1


def filler(rng, w):
    text = rng.choice([rng.choice(w.NOT_HOW).format(rng.choice(w.VERBS)), rng.choice(w.NOT_WHAT).format(rng.choice(w.TERMS))])
    words = text.split(" ")
    words.insert(min(3, len(words) - 1), rng.choice(w.FILLERS))
    return text, " ".join(words), 1


def tense(rng, w):
    k, n, p = rng.choice(w.NAMES), rng.choice(w.NOUNS), rng.choice(w.PLACES)
    a = rng.choice([("What does {k} sell in {p}?", "What did {k} sell in {p}?"), ("Who is the owner of the {n} in {p}?", "Who was the owner of the {n} in {p}?"), ("Will {k} open a {n} in {p}?", "Did {k} open a {n} in {p}?"), ("Can I visit the {n} in {p}?", "Should I visit the {n} in {p}?"), ("How can {k} sell a {n}?", "Why can {k} sell a {n}?"), ("Is my {n} in {p}?", "Is her {n} in {p}?"), ("Why does he like the {n} in {p}?", "Why does she like the {n} in {p}?")])
    return a[0].format(k=k, n=n, p=p), a[1].format(k=k, n=n, p=p), 0


def owner(rng, w):
    (k, j), thing = two(rng, w.NAMES + w.PEOPLE), rng.choice(["birthplace", "headquarters", "logo", "main rival", "biggest success", "founding year", "home town", "last project"])
    other = rng.choice(["birthplace", "first product", "tallest building", "annual budget", "biggest failure"])
    a = f"What is the {thing} of {k}?"
    return rng.choice([(a, f"What is {k}'s {thing}?", 1), (a, f"What's the {thing} of {k}?", 1), (a, f"What is {j}'s {thing}?", 0), (a, f"What is the {other} of {k}?", 0), (a, f"Tell me the {thing} of {k}.", 1)])


def person(rng, w):
    x, y = two(rng, w.PEOPLE)
    f = rng.choice(["When was {} born?", "What is {} famous for?", "Who was {}?", "Where did {} grow up?", "How did {} die?"])
    g = rng.choice(["When did {} die?", "Who taught {}?", "Where was {} born?", "Who were the parents of {}?"])
    same = {"When was {} born?": "In what year was {} born?", "What is {} famous for?": "What is {} known for?", "Who was {}?": "Who is {}?", "Where did {} grow up?": "In which place did {} grow up?", "How did {} die?": "What did {} die of?"}
    return rng.choice([(f.format(x), f.format(y), 0), (f.format(x), g.format(x), 0), (f.format(x), same[f].format(x), 1)])


KINDS = [
    ("how-same", 130, how_same), ("how-object", 60, how_object), ("how-verb", 50, how_verb), ("how-other", 70, how_other),
    ("how-others", 50, how_others), ("how-extra", 60, how_extra), ("how-extras", 70, how_extras), ("best-same", 90, best_same),
    ("best-other", 60, best_other), ("best-grade", 50, best_grade), ("what-same", 50, what_same), ("what-other", 50, what_other),
    ("difference", 60, difference), ("direction", 60, direction), ("better", 60, better), ("role", 60, role), ("code", 60, code),
    ("tongue", 60, tongue), ("manner", 90, manner), ("number", 60, number), ("unit", 50, unit), ("date", 50, date),
    ("opposite", 60, opposite), ("close", 60, close), ("negate", 70, negate), ("typo", 90, typo), ("filler", 50, filler),
    ("tense", 50, tense), ("owner", 60, owner), ("person", 60, person),
]
