using System.Globalization;
using System.Text;

namespace MobileVlm.Edge.EndToEnd.Tests.Contracts;

/// <summary>A recorded public contract: one text file of sorted lines in <c>Tests/Fixtures/contracts</c>. Lines about JSON
/// members are <c>path: type</c>. The type <c>null</c> on either side agrees with any other type, and an empty list with any list,
/// because such members are null or empty only at some moments and on some machines.</summary>
internal sealed class Contract
{
    private const string UpdateVariable = "UPDATE_CONTRACTS";
    private const string NullType = ": null";

    private readonly string _name;
    private readonly string _file;
    private readonly bool _acceptsMore;

    private Contract(string name, bool acceptsMore)
    {
        _name = name;
        _file = Path.Combine(DemoModel.Repository, "Tests", "Fixtures", "contracts", $"{name}.txt");
        _acceptsMore = acceptsMore;
    }

    /// <summary>Whether this run records the contracts again instead of comparing.</summary>
    public static bool IsUpdate => Environment.GetEnvironmentVariable(UpdateVariable) == "1";

    /// <summary>The recorded lines.</summary>
    public IReadOnlyList<string> Recorded => IsUpdate ? [] : [.. File.ReadAllLines(_file).Where(line => line.Length > 0)];

    /// <summary>A contract that each run shows completely: additional lines are a difference too.</summary>
    public static Contract Exact(string name) => new(name, acceptsMore: false);

    /// <summary>A contract of which a run may show more lines than recorded: only missing lines are a difference.</summary>
    public static Contract AtLeast(string name) => new(name, acceptsMore: true);

    /// <summary>The recorded lines that are not among these lines.</summary>
    public IReadOnlyList<string> Gone(IReadOnlyCollection<string> found) => NotCovered(Recorded, found);

    /// <summary>Compares, or records with <c>UPDATE_CONTRACTS=1</c>.</summary>
    /// <param name="found">What the current program shows, in any order.</param>
    public void Compare(IEnumerable<string> found)
    {
        string[] lines = [.. WithoutSpareNulls([.. found.Distinct(StringComparer.Ordinal)]).Order(StringComparer.Ordinal)];
        Assert.NotEmpty(lines);
        if (IsUpdate)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_file)!);
            File.WriteAllText(_file, string.Join('\n', lines) + "\n");
            return;
        }

        var gone = Gone(lines);
        var more = NotCovered(lines, Recorded);
        Assert.True(gone.Count == 0 && (_acceptsMore || more.Count == 0), Difference(gone, more));
    }

    /// <summary>The failure's message: what is gone, what is new, and how a deliberate change is recorded.</summary>
    public string Difference(IReadOnlyList<string> gone, IReadOnlyList<string> more)
    {
        var text = new StringBuilder($"The public contract '{_name}' differs from Tests/Fixtures/contracts/{_name}.txt:\n");
        foreach (var (lines, what) in new[] { (gone, "gone"), (more, "new") })
        {
            foreach (var line in lines.Take(20))
            {
                text.Append(CultureInfo.InvariantCulture, $"  {what,-4}  {line}\n");
            }

            if (lines.Count > 20)
            {
                text.Append(CultureInfo.InvariantCulture, $"  and {lines.Count - 20} more lines are {what}\n");
            }
        }

        return text.Append(
            CultureInfo.InvariantCulture,
            $"If the contract changes deliberately: {UpdateVariable}=1 dotnet test Tests/EndToEnd.Tests --filter PublicContractTests").ToString();
    }

    private static List<string> NotCovered(IReadOnlyCollection<string> lines, IReadOnlyCollection<string> by)
    {
        var set = by.ToHashSet(StringComparer.Ordinal);
        var paths = by.Select(MemberPath).ToHashSet(StringComparer.Ordinal);
        return [.. lines.Where(line => !set.Contains(line)
            && !(line.EndsWith(NullType, StringComparison.Ordinal) && paths.Contains(MemberPath(line)))
            && !Ancestors(MemberPath(line)).Any(path => set.Contains(path + NullType) || IsInsideEmptyList(line, path)))];

        bool IsInsideEmptyList(string line, string list) =>
            line.StartsWith(list + "[]", StringComparison.Ordinal)
            && set.Contains(list + ": array")
            && !paths.Any(path => path.StartsWith(list + "[]", StringComparison.Ordinal));

        static string MemberPath(string line) =>
            line.LastIndexOf(": ", StringComparison.Ordinal) is > 0 and var end ? line[..end] : line;
    }

    /// <summary>The path and all paths that contain it.</summary>
    private static IEnumerable<string> Ancestors(string path)
    {
        yield return path;
        for (var end = path.Length - 1; end > 0; end--)
        {
            if (path[end] is '.' or '[')
            {
                yield return path[..end];
            }
        }
    }

    /// <summary>Leaves out <c>null</c> where another type of the same member was seen.</summary>
    private static IEnumerable<string> WithoutSpareNulls(IReadOnlyCollection<string> lines)
    {
        var typed = lines.Where(line => !line.EndsWith(NullType, StringComparison.Ordinal)).ToList();
        return typed.Concat(lines.Except(typed).Where(line =>
            !typed.Any(other => other.StartsWith(line[..^"null".Length], StringComparison.Ordinal))));
    }
}
