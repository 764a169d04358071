namespace MobileVlm.Edge.Inference.Tests.Checkpoints;

/// <summary>A folder of its own for one test, gone afterwards.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("checkpoint-test-").FullName;

    public string this[string relative] => System.IO.Path.Combine(Path, relative);

    public string Write(string relative, string text) => Write(relative, System.Text.Encoding.UTF8.GetBytes(text));

    public string Write(string relative, byte[] bytes)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(this[relative])!);
        File.WriteAllBytes(this[relative], bytes);
        return this[relative];
    }

    /// <summary>Copies a golden checkpoint, so that a test can damage it.</summary>
    public static TemporaryFolder CopyOf(string golden)
    {
        var copy = new TemporaryFolder();
        var source = GoldenFolder.Path(golden);
        foreach (var file in Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories))
        {
            if (System.IO.Path.GetFileName(file) is var name
                && !name.StartsWith("case", StringComparison.Ordinal)
                && !name.StartsWith("expected", StringComparison.Ordinal))
            {
                copy.Write(System.IO.Path.GetRelativePath(source, file), File.ReadAllBytes(file));
            }
        }

        return copy;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
