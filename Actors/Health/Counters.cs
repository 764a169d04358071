namespace MobileVlm.Edge.Actors.Health;

/// <summary>The counters of one part, kept in the record that the statistics publish: a new counter is a property of that
/// record and the line that counts. Thread-safe.</summary>
/// <param name="stats">Starts at zero; touched by nobody else from now on.</param>
internal class Counters<T>(T stats)
    where T : class
{
    private readonly Lock _lock = new();

    /// <summary>Counts, for example <c>counters.Update(camera => camera.FramesIdle++)</c>. The change returns at once and calls
    /// nothing else.</summary>
    /// <returns>What the change returns.</returns>
    public TResult Update<TResult>(Func<T, TResult> change)
    {
        lock (_lock)
        {
            return change(stats);
        }
    }

    /// <summary>Reads values, or copies the record with <c>with</c>; must not hand out the record itself.</summary>
    public TResult Read<TResult>(Func<T, TResult> read) => Update(read);
}
