using System.IO.Hashing;
using System.Text;

namespace MobileVlm.Edge.Inference.Evaluation.Benchmarks;

/// <summary>A picture of a benchmark: a file, or base64 text in a file. Equal for equal pictures.</summary>
public sealed class BenchmarkPicture : IEquatable<BenchmarkPicture>
{
    private readonly string _key;
    private readonly string? _base64;

    private BenchmarkPicture(string name, string key, string? base64) => (Name, _key, _base64) = (name, key, base64);

    /// <summary>For messages: the file, or where the text stands.</summary>
    public string Name { get; }

    /// <summary>A picture file.</summary>
    public static BenchmarkPicture OfFile(string path) => new(path, path, null);

    /// <summary>A picture file as base64 text.</summary>
    /// <param name="name">Where the text stands, for messages.</param>
    /// <param name="base64">The text.</param>
    public static BenchmarkPicture OfBase64(string name, string base64) =>
        new(name, Convert.ToHexString(XxHash128.Hash(Encoding.UTF8.GetBytes(base64))), base64);

    /// <summary>Whether the file is there; true for a picture that is not a file of its own.</summary>
    public bool Exists => _base64 is not null || File.Exists(Name);

    /// <summary>The bytes of the picture file.</summary>
    /// <exception cref="BenchmarkDataException">The text is not base64.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public byte[] ReadBytes()
    {
        if (_base64 is null)
        {
            return File.ReadAllBytes(Name);
        }

        try
        {
            return Convert.FromBase64String(_base64);
        }
        catch (FormatException e)
        {
            throw new BenchmarkDataException($"{Name}: its picture is not valid base64.", e);
        }
    }

    public bool Equals(BenchmarkPicture? other) => other is not null && other._key == _key;

    public override bool Equals(object? obj) => Equals(obj as BenchmarkPicture);

    public override int GetHashCode() => _key.GetHashCode(StringComparison.Ordinal);
}
