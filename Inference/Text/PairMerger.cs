namespace MobileVlm.Edge.Inference.Text;

/// <summary>A piece that text can be merged into.</summary>
internal readonly record struct MergeablePiece(int Id, float Score);

/// <summary>SentencePiece's byte-pair merging: the best score first, the leftmost of equal ones. The order of equal scores
/// decides how runs of one character, for example <c>(((</c>, are split. Thread-safe.</summary>
internal sealed class PairMerger(Dictionary<string, MergeablePiece> pieces)
{
    private static readonly Comparer<(float Score, int Left)> BestFirst = Comparer<(float Score, int Left)>.Create(
        (a, b) => a.Score != b.Score ? b.Score.CompareTo(a.Score) : a.Left.CompareTo(b.Left));

    private readonly Dictionary<string, MergeablePiece>.AlternateLookup<ReadOnlySpan<char>> _pieces =
        pieces.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>Merges a text without lone surrogates, and reports each piece's id, or null and the characters that no
    /// piece stands for.</summary>
    public void Merge(string text, Action<int?, ReadOnlySpan<char>> take)
    {
        var symbols = Split(text);
        var queue = new PriorityQueue<Pair, (float, int)>(BestFirst);
        for (var i = 1; i < symbols.Length; i++)
        {
            Enqueue(i - 1, i);
        }

        while (queue.TryDequeue(out var pair, out _))
        {
            ref var left = ref symbols[pair.Left];
            ref var right = ref symbols[pair.Right];
            if (left.Length == 0 || right.Length == 0 || left.Length + right.Length != pair.Length)
            {
                // One side became part of another piece meanwhile.
                continue;
            }

            left.Length = pair.Length;
            right.Length = 0;
            left.Next = right.Next;
            if (right.Next >= 0)
            {
                symbols[right.Next].Previous = pair.Left;
                Enqueue(pair.Left, right.Next);
            }

            if (left.Previous >= 0)
            {
                Enqueue(left.Previous, pair.Left);
            }
        }

        foreach (var symbol in symbols)
        {
            if (symbol.Length > 0)
            {
                var piece = text.AsSpan(symbol.Start, symbol.Length);
                take(_pieces.TryGetValue(piece, out var found) ? found.Id : null, piece);
            }
        }

        void Enqueue(int left, int right)
        {
            var (start, length) = (symbols[left].Start, symbols[left].Length + symbols[right].Length);
            if (_pieces.TryGetValue(text.AsSpan(start, length), out var piece))
            {
                queue.Enqueue(new Pair(left, right, length), (piece.Score, left));
            }
        }
    }

    private static Symbol[] Split(string text)
    {
        var symbols = new List<Symbol>(text.Length);
        var start = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            var i = symbols.Count;
            symbols.Add(new Symbol { Start = start, Length = rune.Utf16SequenceLength, Previous = i - 1, Next = i + 1 });
            start += rune.Utf16SequenceLength;
        }

        var result = symbols.ToArray();
        if (result.Length > 0)
        {
            result[^1].Next = -1;
        }

        return result;
    }

    private readonly record struct Pair(int Left, int Right, int Length);

    private struct Symbol
    {
        public int Start;
        public int Length;
        public int Previous;
        public int Next;
    }
}
