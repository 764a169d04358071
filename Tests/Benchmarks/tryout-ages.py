"""Ages of standing answers without and during a try-out of 500 frames: tryout-ages.py MOBILEVLM.DLL MODEL CLIP [SECONDS]

Fills a history by playing the clip 16 times as fast, then plays it in its own time with four questions per second, and reads the age
of each answer from the stream of events: first alone, then while a try-out of up to 500 stored frames with two wordings runs. Prints
percentiles. Standard library only.
"""
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

PROGRAM, MODEL, CLIP = sys.argv[1:4]
SECONDS = float(sys.argv[4]) if len(sys.argv) > 4 else 60
FRAMES = 500
LONGEST_FILL = 150  # seconds
QUESTIONS = {"person": "Is there a person?", "gate_open": "Is the gate open?", "dog": "Is there a dog?", "smoke": "Is there smoke?"}
folder = tempfile.mkdtemp(prefix="tryout-ages-")


class Service:
    def __init__(self, speed, every):
        file = os.path.join(folder, "appsettings.json")
        with open(file, "w") as out:
            json.dump({"MobileVlm": {
                "Node": "bench", "StateFolder": os.path.join(folder, "state"), "Model": {"Path": MODEL, "Target": "cpu"},
                "Http": {"Listen": "127.0.0.1:0"}, "History": {"Folder": os.path.join(folder, "history"), "MinFreeMegabytes": 0},
                "Cameras": {"gate": {"Source": CLIP, "Loop": True, "Speed": speed, "Questions": {
                    name: {"Ask": ask, "Answer": "YesNo", "Every": every} for name, ask in QUESTIONS.items()}}}}}, out)
        self.log = open(os.path.join(folder, "log"), "w+")
        self.process = subprocess.Popen(["dotnet", PROGRAM, "run", "--config", file], stdout=self.log, stderr=subprocess.STDOUT)
        self.address = None
        while not self.address:
            with open(self.log.name) as read:
                self.address = next((word.rstrip("./,") for word in read.read().split() if word.startswith("http://127.0.0.1:")), None)
            if self.process.poll() is not None:
                sys.exit(open(self.log.name).read())
            time.sleep(0.2)
        while True:
            try:
                self.get("stats")
                return
            except OSError:
                time.sleep(0.2)

    def request(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(urllib.request.Request(f"{self.address}/api/v1/{path}", data, method=method), timeout=60) as answer:
            return json.load(answer)

    def get(self, path):
        return self.request("GET", path)

    def follow(self, ages):
        try:
            with urllib.request.urlopen(f"{self.address}/api/v1/events/stream") as stream:
                for line in stream:
                    if line.startswith(b"data: ") and b'"ageMs"' in line:
                        answer = json.loads(line[6:])
                        if not answer.get("reused"):
                            ages.append(answer["ageMs"])
        except OSError:
            pass  # The service was stopped.

    def stop(self):
        self.process.terminate()
        self.process.wait()


def show(name, ages):
    ages = sorted(ages)
    at = lambda share: ages[min(len(ages) - 1, int(share * len(ages)))]
    print(f"{name}: {len(ages)} answers, age p50 {at(.5):.0f} ms, p90 {at(.9):.0f} ms, p99 {at(.99):.0f} ms, largest {ages[-1]:.0f} ms", flush=True)


service = Service(16, "00:00:00.05")
began = time.time()
while service.get("stats")["history"]["snapshots"] < FRAMES and time.time() - began < LONGEST_FILL:
    time.sleep(1)
service.stop()
service = Service(1, "00:00:01")
try:
    ages = []
    threading.Thread(target=service.follow, args=(ages,), daemon=True).start()
    time.sleep(5)
    ages.clear()
    time.sleep(SECONDS)
    show("alone", list(ages))
    ages.clear()
    job = service.request("POST", "tryouts", {"camera": "gate", "frames": FRAMES, "wordings": [
        {"question": "person"}, {"ask": "Can you see a person?", "answer": "YesNo"}]})
    while job["state"] == "running":
        time.sleep(0.2)
        job = service.get(f"tryouts/{job['id']}")
    show("during a try-out", list(ages))
    print(f"try-out: {job['done']} of {job['storedFrames']} stored frames in {job['elapsedMs'] / 1000:.1f} s, {job['state']}")
finally:
    service.stop()
