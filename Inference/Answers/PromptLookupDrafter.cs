namespace MobileVlm.Edge.Inference.Answers;

/// <summary>Proposes the next tokens of a text from an earlier one: first along the last answer to the same question, and
/// where the text differs, from the latest place where the same few ids occur (prompt lookup: A. Saxena, 2023). A draft
/// that the model confirms saves several passes of the decoder; a rejected one costs the rows that it took.</summary>
/// <param name="source">Ids of the earlier text; none proposes nothing.</param>
internal sealed class PromptLookupDrafter(IReadOnlyList<int> source)
{
    /// <summary>Number of ids that must match before the ids after them are proposed again.</summary>
    private const int MatchLength = 2;

    private const int InitialLength = 8;
    private const int MaxLength = 32;

    /// <summary>Position in the source of the next id; -1 while the text does not follow the source.</summary>
    private int _position;

    private int _length = InitialLength;

    /// <summary>Proposes the next ids, perhaps none.</summary>
    /// <param name="text">The text so far.</param>
    public ReadOnlySpan<int> Next(IReadOnlyList<int> text)
    {
        if (_position > source.Count || (_position < 0 && !Find(text)))
        {
            return [];
        }

        var count = Math.Min(_length, source.Count - _position);
        var ids = new int[count];
        for (var i = 0; i < count; i++)
        {
            ids[i] = source[_position + i];
        }

        return ids;
    }

    /// <summary>Records the result of the last draft.</summary>
    /// <param name="drafted">How many ids it had.</param>
    /// <param name="accepted">How many of them the model confirmed.</param>
    /// <param name="next">The id that the model chose after those.</param>
    public void Accept(int drafted, int accepted, int next)
    {
        if (_position < 0)
        {
            return;
        }

        _position += accepted;
        if (_position < source.Count && source[_position] == next)
        {
            // The model chose the id of the source here too: continue along it.
            _position++;
            _length = accepted == drafted ? Math.Min(MaxLength, _length * 2) : _length;
        }
        else
        {
            _position = -1;
            _length = InitialLength / 2;
        }
    }

    private bool Find(IReadOnlyList<int> text)
    {
        if (text.Count < MatchLength)
        {
            return false;
        }

        for (var end = source.Count - 1; end >= MatchLength; end--)
        {
            var matches = true;
            for (var i = 1; matches && i <= MatchLength; i++)
            {
                matches = source[end - i] == text[^i];
            }

            if (matches)
            {
                _position = end;
                return true;
            }
        }

        return false;
    }
}
