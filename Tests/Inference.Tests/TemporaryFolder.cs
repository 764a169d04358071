using MobileVlm.Edge.Inference.Tests.Models;

namespace MobileVlm.Edge.Inference.Tests;

/// <summary>A folder for one test, removed afterwards.</summary>
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

    /// <summary>Copies files of a golden model's folder into a folder in this one, so that a test can damage them.</summary>
    /// <param name="model">Name of the golden model.</param>
    /// <param name="into">Made here.</param>
    /// <param name="files">Null: all of them.</param>
    /// <returns>The path of the copy.</returns>
    public string CopyModel(string model, string into, IEnumerable<string>? files = null)
    {
        var source = GoldenModel.Get(model).Folder.FolderPath;
        Directory.CreateDirectory(this[into]);
        foreach (var file in files ?? Directory.GetFiles(source).Select(file => System.IO.Path.GetFileName(file)))
        {
            File.Copy(System.IO.Path.Combine(source, file), System.IO.Path.Combine(this[into], file));
        }

        return this[into];
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
