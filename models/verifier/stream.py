"""The cache, replayed: exact tier by canonical key, then the five nearest
stored prompts of cosine >= .70, one per key, the verifier and its vetoes;
store on a miss. What the gateway does for one caller without system prompt.
"""
import numpy

import pairs

FLOOR = .70
NEAREST = 5
# More than five may be near when the stored ones are not yet known.
KEPT = 60


class Stream:
    """A stream with everything about it that no threshold changes."""

    def __init__(self, program, embedder, rows):
        self.rows = rows
        said = pairs.ask(program, [{"prompt": row["prompt"]} for row in rows])
        self.keys = [fact["key"] for fact in said]
        self.tiers = [fact["tier"] for fact in said]
        vectors = embedder.vectors([row["prompt"] for row in rows])
        self.near = []
        asked = []
        for new in range(len(rows)):
            near = []
            if new and self.tiers[new] == "semantic":
                cosines = vectors[:new] @ vectors[new]
                order = numpy.argsort(-cosines, kind="stable")
                for old in order[:KEPT * 4]:
                    if cosines[old] < FLOOR or len(near) == KEPT:
                        break
                    if self.tiers[old] == "semantic" and self.keys[old] != self.keys[new]:
                        near.append((int(old), float(cosines[old])))
            self.near.append(near)
            asked += [
                {"a": rows[new]["prompt"], "b": rows[old]["prompt"], "cos": cosine}
                for old, cosine in near
            ]
        flat = pairs.ask(program, asked)
        self.features = numpy.array(flat, dtype=numpy.float32) if flat else numpy.zeros((0, 0))
        self.vetoed = None

    def replay(self, probabilities, vetoed, threshold):
        """Returns one prediction a row; `kind` is exact, semantic or nothing."""
        stored_by_key, stored, out, at = {}, set(), [], 0
        for new, row in enumerate(self.rows):
            near, begin = self.near[new], at
            at += len(near)
            if self.tiers[new] == "none":
                out.append({"id": row["id"], "hit": False})
                continue
            if self.keys[new] in stored_by_key:
                old = stored_by_key[self.keys[new]]
                out.append({"id": row["id"], "hit": True, "matched_id": self.rows[old]["id"], "kind": "exact"})
                continue
            best, best_p, seen = None, threshold, 0
            for offset, (old, _) in enumerate(near):
                if old not in stored:
                    continue
                p = probabilities[begin + offset]
                if p >= best_p and not vetoed[begin + offset] and (best is None or p > best_p):
                    best, best_p = old, p
                seen += 1
                if seen == NEAREST:
                    break
            if best is not None:
                matched = self.rows[best]["id"]
                out.append({"id": row["id"], "hit": True, "matched_id": matched, "kind": "semantic", "p": float(best_p), "new": new, "old": best})
                continue
            stored_by_key[self.keys[new]] = new
            stored.add(new)
            out.append({"id": row["id"], "hit": False})
        return out


def tally(rows, predictions):
    cluster = {row["id"]: row["cluster"] for row in rows}
    count = {"exact": [0, 0], "semantic": [0, 0]}
    for row, said in zip(rows, predictions):
        if said["hit"]:
            count[said["kind"]][cluster[said["matched_id"]] != row["cluster"]] += 1
    return count
