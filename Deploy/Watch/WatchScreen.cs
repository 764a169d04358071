using Spectre.Console;
using Spectre.Console.Rendering;

namespace MobileVlm.Edge.Deploy.Watch;

/// <summary>The lines around the table.</summary>
/// <param name="Title">The first line: what is watched.</param>
/// <param name="Hints">Lines below the title; they are left out first if the terminal has few rows.</param>
/// <param name="Problems">The current problems, one line each.</param>
/// <param name="Footer">The last line: how to stop.</param>
internal sealed record ScreenFrame(
    string Title, IReadOnlyList<string> Hints, IReadOnlyList<string> Problems, string Footer);

/// <summary>Lays out the live table: the wide layout has borders, each question's text and the time of each stage; the
/// compact layout has one line per question. The latest events are below. No line is wider than the terminal and there
/// are never more lines than it has.</summary>
internal sealed class WatchScreen(ScreenStyle style)
{
    private const int WideLayoutColumns = 100;
    private const int NarrowLayoutColumns = 56;
    private const int MinEventLines = 3;
    private const int MaxQuestionColumns = 32;

    public IReadOnlyList<SegmentLine> Render(WatchSnapshot snapshot, ScreenFrame frame, ScreenSize size)
    {
        var title = Lines(Line(frame.Title, ScreenStyle.Strong), Cameras(snapshot));
        List<SegmentLine> hints = [.. frame.Hints.Select(hint => Line(hint, Style.Plain))];
        List<SegmentLine> problems = [.. frame.Problems.SelectMany(it => Wrap(it, size.Width, ScreenStyle.Problem))];
        var footer = Line(frame.Footer, ScreenStyle.Dim);

        // All lines except the table; the 2 are the line above the events and the footer.
        var around = title.Count + hints.Count + problems.Count + 2;
        var table = size.Width >= WideLayoutColumns ? Wide(snapshot, size.Width) : null;
        if (table is null || table.Count + around + MinEventLines > size.Height)
        {
            table = Compact(snapshot, size.Width);
        }

        var spare = size.Height - around - table.Count;
        while (spare < 1 && hints.Count > 0)
        {
            hints.RemoveAt(hints.Count - 1);
            spare++;
        }

        if (spare < 0)
        {
            table = Shorten(table, table.Count + spare);
            spare = 0;
        }

        return Crop([.. title, .. hints, .. table, .. problems, .. Events(snapshot, spare, size.Width), footer], size);
    }

    private List<SegmentLine> Wide(WatchSnapshot snapshot, int width)
    {
        var several = snapshot.Cameras.Count > 1;
        var question = Math.Clamp(snapshot.Answers.Max(it => ScreenStyle.Columns(Ask(it.Question, several))), 8, MaxQuestionColumns);
        int[] fixedColumns = [question, 5, 7, 6, 7, 6];

        // Each column has a border and a space on both sides, and the last column has one more border.
        var state = width - 1 - fixedColumns.Sum(it => it + 3) - 3;
        var table = new Table()
            .Border(style.Unicode ? TableBorder.Rounded : TableBorder.Ascii)
            .AddColumn(Column("Question", question))
            .AddColumn(Column("State", state))
            .AddColumn(Column("Score", 5).RightAligned())
            .AddColumn(Column("Age", 7).RightAligned())
            .AddColumn(Column("Encode", 6).RightAligned())
            .AddColumn(Column("Prefill", 7).RightAligned())
            .AddColumn(Column("Decode", 6).RightAligned());
        foreach (var row in snapshot.Answers)
        {
            var ask = new Text(style.Fit(Ask(row.Question, several), question));
            if (row.Answer is not { } answer)
            {
                table.AddRow(ask, new Text(Waiting, ScreenStyle.Dim));
                continue;
            }

            table.AddRow(
                ask,
                new Text(WatchText.OnOneLine(WatchText.State(answer)), StyleOf(answer.State)),
                new Text(WatchText.Score(answer)),
                new Text(WatchText.Age(answer)),
                answer.Reused ? new Text("reused", ScreenStyle.Dim) : new Text(WatchText.Stage(answer, it => it.EncodeMs)),
                new Text(WatchText.Stage(answer, it => it.PrefillMs)),
                new Text(WatchText.Stage(answer, it => it.DecodeMs) is var decoded && decoded == "0.0" ? None : decoded));
        }

        return [.. Split(table, width), Line("Age: of the frame when its answer was ready. Stages in ms; 'reused': the scene has not changed, nothing was computed.", ScreenStyle.Dim)];
    }

    private List<SegmentLine> Compact(WatchSnapshot snapshot, int width)
    {
        var several = snapshot.Cameras.Count > 1;
        var narrow = width < NarrowLayoutColumns;
        var question = Math.Min(
            snapshot.Answers.Max(it => ScreenStyle.Columns(Name(it.Question, several))), Math.Max(8, width / 3));
        var (score, age, time) = narrow ? (0, 0, 0) : (6, 8, 10);
        var state = width - question - 1 - score - age - time;
        var lines = Lines(Row("Question", "State", "Score", "Age", "Time", ScreenStyle.Strong, ScreenStyle.Strong, ScreenStyle.Strong));
        foreach (var row in snapshot.Answers)
        {
            lines.Add(row.Answer is { } answer
                ? Row(
                    Name(row.Question, several),
                    WatchText.OnOneLine(WatchText.State(answer)),
                    WatchText.Score(answer),
                    WatchText.Age(answer),
                    WatchText.Time(answer),
                    Style.Plain,
                    StyleOf(answer.State),
                    answer.Reused ? ScreenStyle.Dim : Style.Plain)
                : Row(Name(row.Question, several), Waiting, "", "", "", Style.Plain, ScreenStyle.Dim, Style.Plain));
        }

        return lines;

        SegmentLine Row(string name, string text, string points, string old, string took, Style plain, Style ofState, Style ofTime) =>
        [
            new Segment(style.Pad(name, question), plain),
            new Segment(" "),
            new Segment(style.Pad(text, state), ofState),
            new Segment(style.Pad(points, score, right: true), plain),
            new Segment(style.Pad(old, age, right: true), plain),
            new Segment(style.Pad(took, time, right: true), ofTime),
        ];
    }

    /// <summary>Cuts the table to a number of lines; the last line then shows how many questions are missing.</summary>
    private static List<SegmentLine> Shorten(List<SegmentLine> table, int height)
    {
        var kept = Math.Max(0, height - 1);
        var missing = table.Count - Math.Max(1, kept);
        return
        [
            .. table.Take(kept),
            .. height > 0 ? Lines(Line($"{missing} more questions do not fit: enlarge the window", ScreenStyle.Dim)) : [],
        ];
    }

    private List<SegmentLine> Events(WatchSnapshot snapshot, int spare, int width)
    {
        var line = new SegmentLine { new(snapshot.EventCount == 0 ? "Events: none yet" : $"Events: {snapshot.EventCount}", ScreenStyle.Strong) };
        return
        [
            line,
            .. snapshot.Events.TakeLast(spare).Select(it => Line(style.Fit(WatchText.OnOneLine(WatchText.Event(it)), width), Style.Plain)),
        ];
    }

    private SegmentLine Cameras(WatchSnapshot snapshot)
    {
        var line = new SegmentLine { new(snapshot.Cameras.Count == 1 ? "Camera " : "Cameras: ") };
        foreach (var camera in snapshot.Cameras)
        {
            var (text, textStyle) = camera.Availability switch
            {
                "online" => ("online", ScreenStyle.Yes),
                "offline" => ("offline", ScreenStyle.Problem),
                null => (Waiting, ScreenStyle.Dim),
                { } other => (other, Style.Plain),
            };
            line.Add(new Segment($"{(line.Count > 1 ? ", " : "")}{camera.Id} "));
            line.Add(new Segment(text, textStyle));
        }

        return line;
    }

    private string Waiting => style.Unicode ? WatchText.Waiting : "...";

    /// <summary>The text where nothing was decoded, because yes and no are scored.</summary>
    private string None => style.Unicode ? "–" : "-";

    private static string Name(WatchedQuestion question, bool several) =>
        several ? $"{question.Camera}/{question.Id}" : question.Id;

    private static string Ask(WatchedQuestion question, bool several) =>
        WatchText.OnOneLine(several ? $"{question.Camera}: {question.Ask}" : question.Ask);

    private static Style StyleOf(string state) => state switch
    {
        "yes" => ScreenStyle.Yes,
        "no" or "unknown" => ScreenStyle.Dim,
        _ => Style.Plain,
    };

    private static TableColumn Column(string name, int width) => new TableColumn(new Text(name, ScreenStyle.Strong)).Width(width);

    private static List<SegmentLine> Lines(params SegmentLine[] lines) => [.. lines];

    private static SegmentLine Line(string text, Style textStyle) => [new Segment(text, textStyle)];

    private static List<SegmentLine> Wrap(string text, int width, Style textStyle) => Split(new Text(text, textStyle), width);

    private static List<SegmentLine> Split(IRenderable renderable, int width)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(TextWriter.Null) });
        console.Profile.Width = Math.Max(1, width);
        console.Profile.Capabilities.Unicode = true;
        return Segment.SplitLines(renderable.GetSegments(console), Math.Max(1, width));
    }

    private static List<SegmentLine> Crop(IEnumerable<SegmentLine> lines, ScreenSize size) =>
        [.. lines.Take(Math.Max(1, size.Height)).Select(line =>
        {
            var cropped = new SegmentLine();
            cropped.AddRange(Segment.Truncate(line, Math.Max(1, size.Width)));
            return cropped;
        })];
}
