using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace MobileVlm.Edge.Connectors.Http.Server;

/// <summary>What the holder of a token may do.</summary>
public enum AccessLevel
{
    /// <summary>Nothing but what needs no token.</summary>
    None,

    /// <summary>See cameras, answers, events and metrics.</summary>
    Read,

    /// <summary>Also ask and change.</summary>
    Full,
}

/// <summary>The access tokens of one file: a line <c>name token</c> or <c>name token read</c> for each; empty lines and lines that
/// begin with <c>#</c> are skipped. Holds digests only, and compares in constant time. Thread-safe.</summary>
public sealed class AccessTokens
{
    /// <summary>Shortest token, in characters: a shorter one can be found by trying.</summary>
    public const int MinLength = 16;

    private const int MaxTokens = 1000;
    private const string ReadWord = "read";

    private readonly List<(byte[] Digest, AccessLevel Level)> _tokens;

    private AccessTokens(List<(byte[] Digest, AccessLevel Level)> tokens) => _tokens = tokens;

    /// <summary>Parses the text of a token file.</summary>
    /// <exception cref="FormatException">A line is wrong; see <see cref="FindError"/>.</exception>
    public static AccessTokens Parse(string text)
    {
        if (FindError(text) is { } error)
        {
            throw new FormatException($"The token file {error}.");
        }

        return new AccessTokens([.. Lines(text).Select(line =>
            (Digest(line.Fields[1]), line.Fields.Length == 3 ? AccessLevel.Read : AccessLevel.Full))]);
    }

    /// <summary>The first error in the text of a token file, as the rest of a sentence; shows no token. Null if there is
    /// none.</summary>
    public static string? FindError(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var lines = Lines(text).ToList();
        if (lines.Count is 0 or > MaxTokens)
        {
            return $"holds {lines.Count} tokens; 1 to {MaxTokens} would be accepted, one per line: name token [read]";
        }

        foreach (var (number, fields) in lines)
        {
            var error = fields.Length is < 2 or > 3 ? "is not 'name token' or 'name token read'"
                : fields.Length == 3 && !fields[2].Equals(ReadWord, StringComparison.OrdinalIgnoreCase) ? "has a third word other than 'read'"
                : fields[1].Length < MinLength ? $"has a token of fewer than {MinLength} characters"
                : !fields[1].All(c => c is > ' ' and <= '~') ? "has a token with characters that no HTTP header can carry"
                : null;
            if (error is not null)
            {
                return string.Create(CultureInfo.InvariantCulture, $"is wrong in line {number}, which {error}");
            }
        }

        return null;
    }

    /// <summary>The first token that may change something, for a client on the machine of the service; null for none.</summary>
    /// <param name="text">The text of a token file.</param>
    public static string? FirstFull(string text) => Lines(text).FirstOrDefault(line => line.Fields.Length == 2).Fields?[1];

    /// <summary>Whether a missing token file is created: it lies below the state folder.</summary>
    public static bool MayCreate(string path, string? stateFolder) =>
        stateFolder is not null
        && path.StartsWith(Path.TrimEndingDirectorySeparator(stateFolder) + Path.DirectorySeparatorChar, StringComparison.Ordinal);

    /// <summary>Creates a token file with one random token that only its owner can read.</summary>
    /// <exception cref="IOException">The file exists or cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be written.</exception>
    public static void Create(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using var file = new StreamWriter(path, Encoding.ASCII, options);
        file.WriteLine($"owner {Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24))}");
    }

    /// <summary>The digest of each token and what it allows.</summary>
    internal IReadOnlyList<(byte[] Digest, AccessLevel Level)> Digests => _tokens;

    /// <summary>The digest of a known token; null for another one.</summary>
    internal byte[]? DigestOf(string token) => LevelOf(token) == AccessLevel.None ? null : Digest(token);

    /// <summary>What a token allows. Every known token is compared, so that the time reveals nothing.</summary>
    public AccessLevel LevelOf(string token)
    {
        var digest = Digest(token);
        var level = AccessLevel.None;
        foreach (var known in _tokens)
        {
            if (CryptographicOperations.FixedTimeEquals(known.Digest, digest) && known.Level > level)
            {
                level = known.Level;
            }
        }

        return level;
    }

    private static byte[] Digest(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));

    private static IEnumerable<(int Number, string[] Fields)> Lines(string text) =>
        from line in text.Split('\n').Index()
        let content = line.Item.Trim()
        where content.Length > 0 && content[0] != '#'
        select (line.Index + 1, content.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries));
}
