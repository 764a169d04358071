#!/usr/bin/env bash
# Prints the table "Loss on trained weights" of Deploy/docs/precision.md: what each precision of a model of text costs on
# texts that it was not calibrated with.
#   text-losses.sh PROGRAM CHECKPOINT GGUF IDS_A IDS_B [PRECISION...]
# PROGRAM is mobilevlm; CHECKPOINT a folder in float32; GGUF the same weights quantized, or "-"; IDS_A and IDS_B two texts as token ids,
# one a line, of which the first 12 and 8 windows of 512 are measured. Each model is imported below WORK (a temporary folder unless
# it is set) and removed after its row. ggml-TYPE rounds as ggml does (ggml-rounding.py).
# Needs python3 with numpy.
set -euo pipefail
program=$1 checkpoint=$2 gguf=$3 a=$4 b=$5
shift 5
[ $# -gt 0 ] || set -- fp16 int8 int8-b64 int8-b128 w8a8 w8a7 int4 int4-zp int4-mixed int4-zp-mixed \
  int4-b64 int4-b64-zp int4-b64-mixed int4-b64-zp-mixed int4-b128 int4-b128-zp int4-b128-mixed int4-b128-zp-mixed auto kept \
  ggml-q8_0 ggml-q5_0 ggml-q4_1 ggml-q4_0
work=${WORK:-$(mktemp -d)}
rm -rf "$work/model"
trap '[ -n "${WORK:-}" ] || rm -rf "$work"' EXIT
[ -e "$work/fp32/model.json" ] || "$program" model import "$checkpoint" "$work/fp32" --precision fp32 2>/dev/null

row() { # name folder baseline
  "$program" perplexity --model "$3" --compare "$2" --ids "$a" --chunks 12 --json >"$work/a.json" 2>/dev/null
  "$program" perplexity --model "$3" --compare "$2" --ids "$b" --chunks 8 --json >"$work/b.json" 2>/dev/null
  python3 - "$1" "$work/a.json" "$work/b.json" <<'P'
import json, sys
def cells(path):
    exact = json.load(open(path)); model = exact["compare"]
    return f'{100 * (model["perplexity"] / exact["perplexity"] - 1):+.1f} % | {model["meanKl"]:.4f} | {model["kl95"]:.3f} | {100 * model["sameChoices"]:.1f} %'
print(f"| `{sys.argv[1]}` | {cells(sys.argv[2])} | {cells(sys.argv[3])} |", flush=True)
P
}

echo "| Precision | A: perplexity | mean KL | 95th percentile | same choice | B: perplexity | mean KL | 95th percentile | same choice |"
echo "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
for precision; do
  base=$work/fp32
  case $precision in
    kept) [ "$gguf" != - ] || continue
      # Its own tokenizer, so its own baseline; both have the same values.
      [ -e "$work/fp32-gguf/model.json" ] || "$program" model import "$gguf" "$work/fp32-gguf" --precision fp32 2>"$work/log"
      base=$work/fp32-gguf
      "$program" model import "$gguf" "$work/model" 2>"$work/log" ;;
    ggml-*) python3 "$(dirname "$0")/ggml-rounding.py" "$checkpoint" "$work/rounded" "${precision#ggml-}"
      "$program" model import "$work/rounded" "$work/model" --precision fp32 2>"$work/log"
      rm -rf "$work/rounded" ;;
    *) "$program" model import "$checkpoint" "$work/model" --precision "$precision" 2>"$work/log" ;;
  esac
  name=$precision
  [ "$precision" != auto ] || name="auto: $(python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))["precision"]["decoder"])' "$work/model/model.json")"
  row "$name" "$work/model" "$base"
  rm -rf "$work/model"
done
