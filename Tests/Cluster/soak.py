"""The watcher of soak.sh. 'watch FOLDER' reads what a subscriber receives; 'report FOLDER' prints one line per check: 1 or 0, and a text."""
import json
import os
import sqlite3
import statistics
import sys

MAX_AGE_S = 20


def watch(folder):
    oldest = 0
    with open(os.path.join(folder, "events"), "a", buffering=1) as events:
        for line in sys.stdin:
            topic, _, payload = line.partition(" ")
            message = json.loads(payload)
            if topic.endswith("/event"):
                events.write(payload)
            elif message.get("host") and not message.get("reused"):
                host = message["host"].rsplit(":", 1)[0]
                with open(os.path.join(folder, f"answered-{host}"), "w"):
                    pass
                if (age := message["ageMs"] or 0) > oldest:
                    oldest = age
                    with open(os.path.join(folder, "oldest"), "w") as file:
                        file.write(str(oldest))


def report(folder):
    def check(is_ok, text):
        print(int(is_ok), text)

    with open(os.path.join(folder, "events")) as file:
        received = [json.loads(line) for line in file]
    database = sqlite3.connect(os.path.join(folder, "history", "history.db"))
    stored = [json.loads(row[0])["id"] for row in database.execute("SELECT document FROM event ORDER BY at, id")]
    ids = [event["id"] for event in received]
    lost, strange, twice = set(stored) - set(ids), set(ids) - set(stored), len(ids) - len(set(ids))
    check(len(ids) >= 20 and not lost and not strange and twice == 0,
          f"{len(ids)} events at the subscriber, {len(stored)} in the history: {len(lost)} lost, {twice} twice, {len(strange)} unknown")
    breaks = 0
    last = {}
    for event in received:
        before = last.get(event["camera"])
        if before and (before["to"] != event["from"] or before["frame"] >= event["frame"]):
            breaks += 1
        last[event["camera"]] = event
    check(breaks == 0, f"each event of a camera begins where the one before ended, with a later frame: {breaks} exceptions")
    with open(os.path.join(folder, "oldest")) as file:
        oldest = float(file.read()) / 1000
    check(oldest < MAX_AGE_S, f"the oldest picture at its answer was {oldest:.1f} s old")
    with open(os.path.join(folder, "memory")) as file:
        rows = [[int(cell) for cell in line.split()] for line in file]
    third = max(1, len(rows) // 3)
    for at, name, scale, unit, allowed in ((1, "resident memory", 1024, " MiB", 1.1), (2, "threads", 1, "", 1.15), (3, "handles", 1, "", 1.15)):
        # The first third warms up.
        middle, late = (statistics.median(row[at] for row in part) / scale for part in (rows[third:2 * third] or rows, rows[-third:]))
        check(late <= middle * allowed, f"{name} of the camera host: {middle:.0f}{unit} in the middle third, {late:.0f}{unit} in the last")


if __name__ == "__main__":
    {"watch": watch, "report": report}[sys.argv[1]](sys.argv[2])
