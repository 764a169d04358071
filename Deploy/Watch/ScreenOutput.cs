using System.Globalization;
using System.Text;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace MobileVlm.Edge.Deploy.Watch;

/// <summary>Writes to a terminal, or to a file or pipe in its place. A terminal is drawn on its alternate screen, each line at its
/// own position, so that a change of its size at any moment leaves no remains.</summary>
internal sealed class ScreenOutput
{
    private const string EnterScreen = "\u001b[?1049h\u001b[?25l";
    private const string LeaveScreen = "\u001b[?25h\u001b[?1049l";
    private const string BeginFrame = "\u001b[?2026h";
    private const string EndFrame = "\u001b[0m\u001b[?2026l";
    private static readonly ScreenSize DefaultSize = new(80, 24);

    private string _drawn = "";
    private bool _entered;

    private ScreenOutput(TextWriter writer, bool isLive, ScreenStyle style) => (Writer, IsLive, Style) = (writer, isLive, style);

    public TextWriter Writer { get; }

    /// <summary>True for a terminal that can be drawn on: not a file or pipe, and not <c>TERM=dumb</c>.</summary>
    public bool IsLive { get; }

    public ScreenStyle Style { get; }

    /// <summary>Standard output.</summary>
    public static ScreenOutput ForOutput() => Create(Console.Out, Console.IsOutputRedirected);

    /// <summary>Standard error.</summary>
    public static ScreenOutput ForErrors() => Create(Console.Error, Console.IsErrorRedirected);

    /// <summary>The current size; 80 x 24 if the terminal does not report it.</summary>
    public static ScreenSize Size
    {
        get
        {
            try
            {
                var size = new ScreenSize(Console.WindowWidth, Console.WindowHeight);
                return size is { Width: > 0, Height: > 0 } ? size : DefaultSize;
            }
            catch (IOException)
            {
                return DefaultSize;
            }
        }
    }

    /// <summary>Shows these lines in place of the earlier ones.</summary>
    public void Draw(IReadOnlyList<SegmentLine> lines, ScreenSize size)
    {
        var frame = new StringBuilder();
        for (var row = 0; row < size.Height; row++)
        {
            // The line is cleared before it is written: after a character in the last column, some terminals would clear that
            // character.
            frame.Append(CultureInfo.InvariantCulture, $"\u001b[{row + 1};1H\u001b[2K");
            frame.Append(row < lines.Count ? ToText(lines[row]) : "");
        }

        var drawn = frame.ToString();
        if (drawn == _drawn)
        {
            return;
        }

        Writer.Write($"{(_entered ? "" : EnterScreen)}{BeginFrame}{drawn}{EndFrame}");
        Writer.Flush();
        (_entered, _drawn) = (true, drawn);
    }

    /// <summary>Restores the terminal to its content before the first <see cref="Draw"/>. May be called twice.</summary>
    public void Leave()
    {
        if (_entered)
        {
            _entered = false;
            Writer.Write(LeaveScreen);
            Writer.Flush();
        }
    }

    /// <summary>Writes lines below each other that stay on the terminal.</summary>
    public void Print(IEnumerable<SegmentLine> lines)
    {
        foreach (var line in lines)
        {
            Writer.WriteLine(ToText(line).TrimEnd());
        }

        Writer.Flush();
    }

    private string ToText(SegmentLine line)
    {
        using var text = new StringWriter(CultureInfo.InvariantCulture);
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = IsLive ? AnsiSupport.Yes : AnsiSupport.No,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(text),
        });
        console.Profile.Width = int.MaxValue / 2;
        console.Profile.Capabilities.ColorSystem = Style.Colors;
        console.Write(new OneLine(line));
        return text.ToString();
    }

    private static ScreenOutput Create(TextWriter writer, bool isRedirected)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(writer) });
        var terminal = Environment.GetEnvironmentVariable("TERM");
        var isLive = !isRedirected && terminal is { Length: > 0 } and not "dumb" and not "unknown";
        var colors = Environment.GetEnvironmentVariable("NO_COLOR") is { Length: > 0 }
            ? ColorSystem.NoColors
            : console.Profile.Capabilities.ColorSystem;
        return new ScreenOutput(writer, isLive, new ScreenStyle(colors, IsUnicode()));
    }

    /// <summary>Decides as the C library does: by the first of these variables that is set.</summary>
    private static bool IsUnicode() =>
        ((string[])["LC_ALL", "LC_CTYPE", "LANG"])
            .Select(Environment.GetEnvironmentVariable)
            .FirstOrDefault(it => !string.IsNullOrEmpty(it)) is { } locale
        && locale.Replace("-", "", StringComparison.Ordinal).Contains("UTF8", StringComparison.OrdinalIgnoreCase);

    private sealed class OneLine(SegmentLine line) : IRenderable
    {
        public Measurement Measure(RenderOptions options, int maxWidth) => new(0, maxWidth);

        public IEnumerable<Segment> Render(RenderOptions options, int maxWidth) => line;
    }
}
