using System.Text;

namespace MobileVlm.Edge.Inference.Answers;

/// <summary>Collects a text until a stop sequence would appear in it. What could still turn out to be the beginning of a
/// stop sequence is held back from the listener.</summary>
internal sealed class StopSequenceFilter(IReadOnlyList<string> stops, Action<string>? onText)
{
    private readonly StringBuilder _text = new();
    private int _reported;

    /// <summary>True once a stop sequence was met.</summary>
    public bool Stopped { get; private set; }

    /// <returns>True when a stop sequence was met; nothing more may be appended then.</returns>
    public bool Append(string piece)
    {
        _text.Append(piece);
        if (stops.Count > 0)
        {
            var whole = _text.ToString();
            var at = stops.Select(s => whole.IndexOf(s, StringComparison.Ordinal)).Where(i => i >= 0).DefaultIfEmpty(-1).Min();
            if (at >= 0)
            {
                _text.Length = at;
                Stopped = true;
            }
        }

        Append(Stopped ? _text.Length : _text.Length - HeldBack());
        return Stopped;
    }

    /// <summary>The whole text; the listener has all of it then.</summary>
    public string Finish()
    {
        Append(_text.Length);
        return _text.ToString();
    }

    private void Append(int until)
    {
        if (until > _reported)
        {
            onText?.Invoke(_text.ToString(_reported, until - _reported));
            _reported = until;
        }
    }

    /// <summary>Length of the longest end of the text that begins a stop sequence.</summary>
    private int HeldBack()
    {
        var longest = stops.Select(s => s.Length - 1).DefaultIfEmpty(0).Max();
        var end = _text.ToString(Math.Max(0, _text.Length - longest), Math.Min(longest, _text.Length));
        for (var length = end.Length; length > 0; length--)
        {
            if (stops.Any(s => s.AsSpan().StartsWith(end.AsSpan(end.Length - length), StringComparison.Ordinal)))
            {
                return length;
            }
        }

        return 0;
    }
}
