using System.Globalization;
using MobileVlm.Edge.Actors;
using MobileVlm.Edge.Connectors.Mqtt;
using Spectre.Console;

namespace MobileVlm.Edge.Deploy.Commands;

/// <summary>What a subscriber of one camera sees: a live table in a terminal, a line an answer elsewhere.</summary>
internal sealed class AnswerTable(Topics topics, string camera, IReadOnlyList<StandingQuestion> questions)
{
    private static readonly TimeSpan RefreshEvery = TimeSpan.FromMilliseconds(100);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, AnswerPayload> _latest = [];
    private readonly bool _live = Terminal.Console.Profile.Capabilities.Interactive && !Console.IsErrorRedirected;
    private string _availability = "…";
    private int _snapshotBytes;

    /// <summary>Answers received so far.</summary>
    public long AnswersSeen { get; private set; }

    /// <summary>Called by the subscriber for each message.</summary>
    public void Received(InboundMessage message)
    {
        lock (_lock)
        {
            if (message.Topic == topics.CameraAvailability(camera))
            {
                _availability = message.Text;
            }
            else if (message.Topic == topics.Snapshot(camera))
            {
                _snapshotBytes = message.Payload.Length;
            }
            else if (questions.FirstOrDefault(q => message.Topic == topics.Answer(camera, q.Id)) is not null
                && MqttJson.ReadAnswer(message.Payload.Span) is { } answer)
            {
                var isNew = answer.Seq > (_latest.GetValueOrDefault(answer.Question)?.Seq ?? 0);
                _latest[answer.Question] = answer;
                AnswersSeen += isNew ? 1 : 0;
                if (!_live && isNew)
                {
                    Console.Error.WriteLine(Line(answer));
                }
            }
        }
    }

    /// <summary>Keeps the table up to date until cancelled.</summary>
    public async Task ShowAsync(CancellationToken cancel)
    {
        if (!_live)
        {
            return;
        }

        await Terminal.Console.Live(Render()).StartAsync(async context =>
        {
            while (!cancel.IsCancellationRequested)
            {
                context.UpdateTarget(Render());
                await Task.Delay(RefreshEvery, CancellationToken.None);
            }

            context.UpdateTarget(Render());
        });
    }

    /// <summary>Waits until nothing more comes in, so that the last answers are seen.</summary>
    public async Task SettleAsync()
    {
        for (var (before, quiet) = (-1L, 0); quiet < 3; await Task.Delay(RefreshEvery))
        {
            quiet = before == AnswersSeen ? quiet + 1 : 0;
            before = AnswersSeen;
        }
    }

    private Table Render()
    {
        lock (_lock)
        {
            var table = new Table().Border(TableBorder.Rounded)
                .Title($"camera [bold]{camera}[/]: {_availability}, picture of the last answer {_snapshotBytes / 1024.0:0.0} KiB")
                .AddColumn("question")
                .AddColumn(new TableColumn("answer").Width(56))
                .AddColumn("state")
                .AddColumn(new TableColumn("score").RightAligned())
                .AddColumn(new TableColumn("age").RightAligned())
                .AddColumn(new TableColumn("encode").RightAligned())
                .AddColumn(new TableColumn("prefill").RightAligned())
                .AddColumn(new TableColumn("decode").RightAligned())
                .AddColumn(new TableColumn("no.").RightAligned());
            table.Caption("age: of the picture when its answer was ready; times in ms");
            foreach (var question in questions)
            {
                if (_latest.TryGetValue(question.Id, out var answer))
                {
                    table.AddRow(
                        new Text(question.Ask),
                        new Text(answer.Value, new Style(ColorOf(answer.Value))),
                        new Text(Short(answer.State)),
                        new Text(Score(answer)),
                        new Text(Number(answer.AgeMs ?? 0, "0")),
                        new Text(Number(Times(answer).EncodeMs, "0.0")),
                        new Text(Number(Times(answer).PrefillMs, "0.0")),
                        new Text(Number(Times(answer).DecodeMs, "0.0")),
                        new Text(Number(answer.Seq, "0")));
                }
                else
                {
                    table.AddRow(new Text(question.Ask), new Text("…", new Style(Color.Grey)));
                }
            }

            return table;
        }
    }

    private static string Line(AnswerPayload answer) => string.Create(
        CultureInfo.InvariantCulture,
        $"{answer.AnsweredAt?.ToLocalTime():HH:mm:ss.f} {answer.Camera}/{answer.Question,-10} {answer.Value} {Score(answer)} | state {Short(answer.State)} | age {answer.AgeMs:0} ms, encode {Times(answer).EncodeMs:0.0}, prefill {Times(answer).PrefillMs:0.0}, decode {Times(answer).DecodeMs:0.0}");

    // Before the first picture there are none.
    private static StageTimings Times(AnswerPayload answer) => answer.Timings ?? new StageTimings(0, 0, 0);

    private static string Short(string state) => state.Length <= 12 ? state : "…";

    private static string Score(AnswerPayload answer) => answer.Score is { } score ? Number(score, "0.000") : "";

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);

    private static Color ColorOf(string value) => value switch
    {
        "yes" => Color.Green,
        "no" => Color.Grey,
        _ => Color.Default,
    };
}
