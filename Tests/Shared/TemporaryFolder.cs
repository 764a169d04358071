namespace MobileVlm.Edge.Tests.Shared;

/// <summary>A folder of its own for one test, which goes away with it.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    /// <summary>The full path; the folder exists.</summary>
    public string Path { get; } = Directory.CreateTempSubdirectory("mobilevlm-test-").FullName;

    /// <summary>The path of a file in the folder.</summary>
    public string this[string name] => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
