#!/usr/bin/env python3
"""Verifies an export without release-gate:  verify-records.py RECORDS.ndjson [ANCHORS.txt]

A record's hash is the SHA-256 of the previous record's hash, a line feed, and the canonical JSON (RFC 8785) of
{"at", "body", "installationId", "kind", "seq"}. The lines of an export are canonical JSON already, so the text that was
hashed is the line without its "hash" and "previousHash".
"""
import hashlib, json, re, sys

LINE = re.compile(
    r'(\{"at":"[^"]*","body":\{.*\}),"hash":"([0-9a-f]{64})"(,"installationId":(\d+),"kind":"[^"]*"),'
    r'"previousHash":"([0-9a-f]{64})"(,"seq":([1-9]\d*)\})', re.DOTALL)
ANCHOR = re.compile(r"\binstallation (\d+), record ([1-9]\d*), `?([0-9a-f]{64})\b")


def once(pairs):
    if len(dict(pairs)) < len(pairs):
        raise ValueError("it has the same key twice")
    return dict(pairs)


def keys_of(line, number):
    try:
        return set(json.loads(line, object_pairs_hook=once, parse_constant=int))
    except ValueError as why:
        sys.exit(f"line {number} is not a record: {why}")


def main(export, anchors=None):
    heads, hashes, begins = {}, {}, {}
    for number, line in enumerate(open(export, encoding="utf-8", newline="\n"), 1):
        match = LINE.fullmatch(line.rstrip("\n")) or sys.exit(f"line {number} is not a record")
        start, own, middle, chain, previous, end, seq = match.groups()
        if keys_of(line, number) != {"at", "body", "hash", "installationId", "kind", "previousHash", "seq"}:
            sys.exit(f"line {number} has other keys than a record")
        before, head = heads.get(chain, (int(seq) - 1, previous if int(seq) > 1 else "0" * 64))
        if chain not in begins:
            begins[chain], hashes[chain, str(before)] = before, head
        if int(seq) != before + 1 or previous != head:
            sys.exit(f"installation {chain}, record {seq} does not follow record {before}")
        if hashlib.sha256(f"{previous}\n{start}{middle}{end}".encode()).hexdigest() != own:
            sys.exit(f"installation {chain}, record {seq} does not match its hash")
        heads[chain], hashes[chain, seq] = (int(seq), own), own
    if not heads:
        sys.exit(f"{export} contains no records")
    wanted = ANCHOR.findall(open(anchors, encoding="utf-8").read()) if anchors else []
    if anchors and not wanted:
        sys.exit(f"{anchors} contains no anchors")
    for chain, begin in begins.items():
        anchored = {int(seq) for each, seq, _ in wanted if each == chain}
        if begin and anchored and begin not in anchored:
            sys.exit(f"installation {chain} begins after record {begin}, which was never anchored")
    # What was removed after its time ends at an anchored record; the anchors before that one have nothing to match.
    wanted = [each for each in wanted if int(each[1]) >= begins.get(each[0], 0)]
    for chain, seq, own in wanted:
        if hashes.get((chain, seq)) != own:
            sys.exit(f"installation {chain}, record {seq} is not the one that was anchored")
    count = len(hashes) - len(begins)
    print(f"{count} records in {len(heads)} chains, unbroken; {len(wanted)} anchors match")


main(*sys.argv[1:])
