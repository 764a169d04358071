using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Spectre.Console;

namespace MobileVlm.Edge.Deploy.Doctor;

/// <summary>Prints findings. As text, each is printed at once, and a terminal shows what is being checked meanwhile; as
/// JSON, one document is printed at the end.</summary>
internal sealed class DoctorReport(bool json)
{
    private const string EraseLine = "\r\u001b[K";

    private readonly List<Finding> _findings = [];
    private readonly bool _showsProgress = !json && !Console.IsErrorRedirected && !Console.IsOutputRedirected
        && Environment.GetEnvironmentVariable("TERM") is { Length: > 0 } and not "dumb";
    private bool _erase;

    public IReadOnlyList<Finding> Findings => _findings;

    /// <summary>Begins a check that may take a while, up to the next finding.</summary>
    public void Begin(string what)
    {
        if (_showsProgress)
        {
            Console.Error.Write($"{(_erase ? EraseLine : "")}     checking {what} ...");
            _erase = true;
        }
    }

    public void Add(Finding finding)
    {
        _findings.Add(finding);
        if (json)
        {
            return;
        }

        EraseProgress();
        AnsiConsole.Markup(finding.Kind switch
        {
            FindingKind.Fine => "[green]ok  [/]",

            // Yellow text cannot be read on white.
            FindingKind.Note => "[black on yellow]note[/]",
            _ => "[red]bad [/]",
        });

        // Not through the table library, which would break lines that people search for.
        Console.WriteLine($" {finding.What,-22} {finding.Found}");
        if (finding.Remedy is { } remedy)
        {
            Console.WriteLine($"     {"",-22} -> {remedy}");
        }
    }

    /// <summary>Prints the verdict, or the JSON document with it.</summary>
    public void End()
    {
        EraseProgress();
        Console.WriteLine(json ? Document() : $"Verdict: {Verdict(_findings)}");
    }

    /// <summary><c>OK</c>, or how many problems and notes there are and about what.</summary>
    internal static string Verdict(IReadOnlyList<Finding> findings)
    {
        var (problems, notes) = (Named(FindingKind.Bad, "problem"), Named(FindingKind.Note, "note"));
        return (problems.Count, notes.Count) switch
        {
            (0, 0) => "OK",
            (0, _) => $"OK, {notes.Text}",
            (_, 0) => problems.Text,
            _ => $"{problems.Text}; {notes.Text}",
        };

        (int Count, string Text) Named(FindingKind kind, string name)
        {
            var of = findings.Where(it => it.Kind == kind).ToList();
            return (of.Count, string.Create(
                CultureInfo.InvariantCulture,
                $"{of.Count} {name}{(of.Count == 1 ? "" : "s")}: {string.Join(", ", of.Select(it => it.What).Distinct())}"));
        }
    }

    private string Document() => new JsonObject
    {
        ["findings"] = new JsonArray([.. _findings.Select(it => new JsonObject
        {
            ["kind"] = it.Kind switch { FindingKind.Fine => "ok", FindingKind.Note => "note", _ => "bad" },
            ["what"] = it.What,
            ["found"] = it.Found,
            ["remedy"] = it.Remedy,
        })]),
        ["verdict"] = Verdict(_findings),
        ["problems"] = _findings.Count(it => it.Kind == FindingKind.Bad),
        ["notes"] = _findings.Count(it => it.Kind == FindingKind.Note),
    }.ToJsonString(new JsonSerializerOptions
    {
        WriteIndented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });

    private void EraseProgress()
    {
        if (_erase)
        {
            Console.Error.Write(EraseLine);
            _erase = false;
        }
    }
}
