using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;

namespace MobileVlm.Edge.Architecture.Tests;

/// <summary>Every log line that an operator may act on has its own event id, and its page explains its
/// meaning and the remedy.</summary>
public sealed partial class LogEventTests
{
    private const string Page = "Deploy/docs/log-events.md";

    /// <summary>Classes that log under another category: what precedes the event id in the log.</summary>
    private static readonly Dictionary<string, string> Sources = new(StringComparer.Ordinal)
    {
        ["SessionPlacements"] = "Sessions",
        ["ModelCheck"] = "Model",
        ["AkkaLogger"] = "Akka",
        ["OutboxStore"] = "SqliteOutbox",
        ["HistoryStore"] = "SqliteHistory",
        ["MetricsEndpoint"] = "EdgeHostedService",
        ["StateLocks"] = "Storage",
        ["PublisherLog"] = "PublisherActor",
        ["QuestionAsker"] = "AnswerStep",
    };

    private static readonly List<LogLine> Lines =
    [
        .. from name in (string[])["MobileVlm.Edge.Actors", "MobileVlm.Edge.Connectors", "MobileVlm.Edge.Inference", "mobilevlm"]
           from type in Assembly.Load(name).GetTypes()
           from method in type.GetMethods(BindingFlags.Static | BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
           let attribute = method.GetCustomAttribute<LoggerMessageAttribute>()
           where attribute is not null
           select new LogLine(Source(type), attribute.EventId, attribute.Level, attribute.Message, $"{type.Name}.{method.Name}", method),
    ];

    [Fact]
    public void Every_line_that_an_operator_may_act_on_has_an_event_id()
    {
        Assert.True(Lines.Count > 70, $"Only {Lines.Count} log lines were found.");
        Assert.Empty(Lines.Where(line => line.Level >= LogLevel.Information && line.Id is not (> 0 and < 1000)).Select(line => $"{line.Method} needs an EventId below 1000"));
    }

    [Fact]
    public void No_event_id_means_two_things() => Assert.Empty(
        Lines.Where(line => line.Id > 0).GroupBy(line => line.Name).Where(of => of.Count() > 1)
            .Select(of => $"{of.Key}: {string.Join(", ", of.Select(line => line.Method))}"));

    [Fact]
    public void The_page_of_log_events_has_each_event_id_with_its_meaning_and_no_other()
    {
        var documented = File.ReadLines(Path.Combine(Repository.Root, Page))
            .Select(line => Row().Match(line)).Where(row => row.Success).ToList();
        var names = documented.Select(row => row.Groups["name"].Value).ToList();
        Assert.Equal(names.Distinct(StringComparer.Ordinal), names);
        var numbered = Lines.Where(line => line.Id > 0).ToList();
        string[] differences =
        [
            .. numbered.Where(line => !names.Contains(line.Name)).Select(line => $"{Page} needs a row: | `{line.Name}` | {line.Level} | what it means | what to do | ({line.Message})"),
            .. names.Except(numbered.Select(line => line.Name)).Select(name => $"{Page} has a row for {name}, which no part of the service logs"),
        ];
        Assert.True(differences.Length == 0, string.Join('\n', differences));
        Assert.All(documented, row => Assert.True(row.Groups["meaning"].Value.Trim().Length > 10, row.Value));

        // Each warning or error has a remedy, and the level in the table is that of the code.
        foreach (var row in documented)
        {
            var line = Lines.First(it => it.Name == row.Groups["name"].Value);
            var level = row.Groups["level"].Value.Trim();
            Assert.True(line.Level == LogLevel.None || level == line.Level.ToString(), $"{line.Name} is {line.Level}, {Page} has {level}");
            Assert.True(level is "Information" or "Debug" || row.Groups["remedy"].Value.Trim().Length > 3, $"{line.Name} has no remedy in {Page}");
        }
    }

    [Fact]
    public void Times_are_rounded_and_no_line_shows_an_enumeration()
    {
        Type[] raw = [typeof(TimeSpan), typeof(TimeSpan?), typeof(DateTimeOffset)];
        Assert.Empty(
            from line in Lines
            where line.Level >= LogLevel.Information || line.Id > 0
            from parameter in line.Info.GetParameters()
            where raw.Contains(parameter.ParameterType) || (parameter.ParameterType.IsEnum && parameter.ParameterType != typeof(LogLevel))
            select $"{line.Method}: {parameter.ParameterType.Name} {parameter.Name}");
    }

    private static string Source(Type type)
    {
        while (type.DeclaringType is { } outer)
        {
            type = outer;
        }

        // Code that reads a camera logs under that camera's category: Camera.gate[1].
        return type.Namespace!.StartsWith("MobileVlm.Edge.Connectors.Cameras", StringComparison.Ordinal)
            ? "Camera"
            : Sources.GetValueOrDefault(type.Name, type.Name);
    }

    [GeneratedRegex(@"^\| `(?<name>[A-Za-z]+\[\d+\])` \|(?<level>[A-Za-z, ]*)\|(?<meaning>[^|]*)\|(?<remedy>[^|]*)\|$")]
    private static partial Regex Row();

    private sealed record LogLine(string Source, int Id, LogLevel Level, string Message, string Method, MethodInfo Info)
    {
        public string Name => string.Create(CultureInfo.InvariantCulture, $"{Source}[{Id}]");
    }
}
