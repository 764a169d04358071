using System.Globalization;
using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Inference.Evaluation.Gates;

/// <summary>The largest loss of a part where an import chooses its precision (decision 170).</summary>
public static class LossLimits
{
    /// <summary>Lowest cosine between a picture's visual tokens and the exact ones: an error of 4.5 % of their length.</summary>
    public const double VisionCosine = 0.999;

    /// <summary>Lowest 5th percentile of the cosine between single visual tokens and the exact ones, without what all have in
    /// common.</summary>
    public const double TokenCosine = 0.99;

    /// <summary>Largest mean divergence of the logits, in nats.</summary>
    public const double MeanDivergence = 0.05;

    /// <summary>Largest 95th percentile of the divergence of the logits, in nats: of all positions, and of those at which an answer
    /// begins.</summary>
    public const double Divergence95 = 0.2;

    /// <summary>Lowest share of positions with the same most likely token.</summary>
    public const double TopAgreement = 0.9;

    /// <summary>Largest difference of P(yes).</summary>
    public const double YesShift = 0.1;

    private static readonly (string Name, Func<ModelLoss, double?> Value, double Limit, bool IsLowest)[] VisionGates =
    [
        ("visionCosine", loss => loss.Vision?.LowestCosine, VisionCosine, true),
        ("tokenCosine", loss => loss.Vision?.TokenCosine5, TokenCosine, true),
    ];

    private static readonly (string Name, Func<LogitLoss, double?> Value, double Limit, bool IsLowest)[] LogitGates =
    [
        ("meanDivergence", loss => loss.MeanDivergence, MeanDivergence, false),
        ("divergence95", loss => loss.Divergence95, Divergence95, false),
        ("answerDivergence95", loss => loss.AnswerDivergence95, Divergence95, false),
        ("yesShift", loss => loss.LargestYesShift, YesShift, false),
        ("sameChoices", loss => loss.TopAgreement, TopAgreement, true),
    ];

    /// <summary>All limits with what was measured of the model as a service runs it. A limit of which nothing was measured is left
    /// out.</summary>
    public static IReadOnlyList<GateResult> Gates(ModelLoss loss) =>
        [.. VisionGates.SelectMany(gate => Result(gate.Name, gate.Value(loss), gate.Limit, gate.IsLowest)), .. Gates(loss.Whole ?? loss.Decoder)];

    /// <summary>The limits of the logits with what was measured.</summary>
    public static IReadOnlyList<GateResult> Gates(LogitLoss loss) =>
        [.. LogitGates.SelectMany(gate => Result(gate.Name, gate.Value(loss), gate.Limit, gate.IsLowest))];

    /// <summary>Whether the model is within the limits as a service runs it. Release 0.1.0 did not measure that: of its folders every part
    /// has to be.</summary>
    public static bool Allow(ModelLoss loss) => loss.Gates is not null
        ? Gates(loss).All(gate => gate.Passed)
        : (loss.Vision is null || Allow(loss.Vision)) && Allow(loss.Decoder)
            && (loss.Prefill is null || Allow(loss.Prefill)) && (loss.Whole is null || Allow(loss.Whole));

    public static bool Allow(VisionLoss loss) => loss.LowestCosine >= VisionCosine && (loss.TokenCosine5 ?? 1) >= TokenCosine;

    public static bool Allow(LogitLoss loss) => Gates(loss).All(gate => gate.Passed);

    /// <summary>A sentence for the manifest.</summary>
    internal static string Explain(string recipe, VisionLoss loss, bool refused) => string.Create(
        CultureInfo.InvariantCulture,
        $"vision {recipe} {Verb(refused)}: cosine {loss.LowestCosine:0.00000} at worst, at least {VisionCosine} is required; of single tokens {loss.TokenCosine5 ?? 1:0.0000}, at least {TokenCosine} is required");

    /// <summary>A sentence for the manifest.</summary>
    internal static string Explain(string part, LogitLoss loss, bool refused)
    {
        var failed = Gates(loss).Where(gate => !gate.Passed).Select(Describe).ToList();
        return string.Create(CultureInfo.InvariantCulture, $"{part} {Verb(refused)}: divergence {loss.MeanDivergence:0.0000} nats on average, {loss.Divergence95 ?? 0:0.000} at the 95th percentile; most likely token the same at {loss.TopAgreement:p1}{YesShiftOf(loss)}{(failed.Count == 0 ? "" : $". Above the limits: {string.Join(", ", failed)}")}");
    }

    /// <summary>A limit in words: <c>shift of P(yes) 0.126, at most 0.1</c>.</summary>
    public static string Describe(GateResult gate)
    {
        ArgumentNullException.ThrowIfNull(gate);
        var (what, bound, format) = gate.Name switch
        {
            "visionCosine" => ("cosine of a picture's visual tokens", "at least", "0.00000"),
            "tokenCosine" => ("cosine of single visual tokens", "at least", "0.0000"),
            "meanDivergence" => ("mean divergence", "at most", "0.0000"),
            "divergence95" => ("95th percentile of the divergence", "at most", "0.000"),
            "answerDivergence95" => ("the same where answers begin", "at most", "0.000"),
            "yesShift" => ("shift of P(yes)", "at most", "0.000"),
            "sameChoices" => ("share of equal choices", "at least", "0.000"),
            _ => (gate.Name, "limit", "0.000"),
        };
        return string.Create(CultureInfo.InvariantCulture, $"{what} {gate.Value.ToString(format, CultureInfo.InvariantCulture)}, {bound} {gate.Limit}");
    }

    private static string YesShiftOf(LogitLoss loss) => loss.LargestYesShift is { } shift
        ? string.Create(CultureInfo.InvariantCulture, $"; P(yes) of {loss.YesNoQuestions} answers shifts by up to {shift:0.000}")
        : "";

    private static IEnumerable<GateResult> Result(string name, double? value, double limit, bool isLowest) =>
        value is { } measured ? [new GateResult(name, measured, limit, isLowest ? measured >= limit : measured <= limit)] : [];

    private static string Verb(bool refused) => refused ? "refused" : "taken";
}
