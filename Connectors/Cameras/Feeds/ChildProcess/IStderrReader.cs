namespace MobileVlm.Edge.Connectors.Cameras.Feeds.ChildProcess;

/// <summary>Reads what a child writes to its standard error, line by line, on the thread that drains it.</summary>
internal interface IStderrReader
{
    /// <summary>Takes one line.</summary>
    /// <returns>The message that it holds for people, or null.</returns>
    string? Take(string line);

    /// <summary>Marks the end of the output.</summary>
    void End();
}
