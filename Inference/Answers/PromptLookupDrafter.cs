namespace MobileVlm.Edge.Inference.Answers;

/// <summary>Guesses how a text goes on, from what was said before: first along the last answer to the same question, and
/// where that was left, along the latest place where the same few ids stood (prompt lookup: A. Saxena, 2023). A guess
/// that holds is worth several steps of the decoder; one that does not costs the rows it took.</summary>
internal sealed class PromptLookupDrafter(IReadOnlyList<int> guess)
{
    /// <summary>Ids that must agree before what followed them is tried again.</summary>
    private const int Context = 2;

    private const int InitialLength = 8;
    private const int MaxLength = 32;

    private int _at;
    private int _size = InitialLength;

    /// <summary>The next ids, perhaps none.</summary>
    /// <param name="written">The text so far.</param>
    public ReadOnlySpan<int> Next(IReadOnlyList<int> written)
    {
        if (_at > guess.Count || (_at < 0 && !Find(written)))
        {
            return [];
        }

        var count = Math.Min(_size, guess.Count - _at);
        var ids = new int[count];
        for (var i = 0; i < count; i++)
        {
            ids[i] = guess[_at + i];
        }

        return ids;
    }

    /// <summary>Says what became of the last guess.</summary>
    /// <param name="tried">How many ids it had.</param>
    /// <param name="held">How many of them were right.</param>
    /// <param name="next">The id that the model chose behind those.</param>
    public void Accept(int tried, int held, int next)
    {
        if (_at < 0)
        {
            return;
        }

        _at += held;
        if (_at < guess.Count && guess[_at] == next)
        {
            // The model chose what the guess says as well: go on along it.
            _at++;
            _size = held == tried ? Math.Min(MaxLength, _size * 2) : _size;
        }
        else
        {
            _at = -1;
            _size = InitialLength / 2;
        }
    }

    private bool Find(IReadOnlyList<int> written)
    {
        if (written.Count < Context)
        {
            return false;
        }

        for (var end = guess.Count - 1; end >= Context; end--)
        {
            var agrees = true;
            for (var i = 1; agrees && i <= Context; i++)
            {
                agrees = guess[end - i] == written[^i];
            }

            if (agrees)
            {
                _at = end;
                return true;
            }
        }

        return false;
    }
}
