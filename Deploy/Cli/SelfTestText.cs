using System.Globalization;
using MobileVlm.Edge.Inference.Verification;

namespace MobileVlm.Edge.Deploy.Cli;

/// <summary>Describes the outcome of a self-test for people and logs.</summary>
internal static class SelfTestText
{
    /// <param name="outcome">Null where the folder has no self-test.</param>
    public static string Describe(SelfTestOutcome? outcome)
    {
        if (outcome is null)
        {
            return "the folder holds none that this version knows; 'mobilevlm model import … --force' makes one";
        }

        var ties = outcome.Ties == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $", {outcome.Ties} of them one of two that are as good as equal");
        var picture = outcome.PictureError is { } error
            ? string.Create(CultureInfo.InvariantCulture, $"; the test picture's tokens differ by {error:p3} of their length")
            : "";
        var prefill = outcome.PrefillTokens == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $" ({outcome.PrefillTokens} through the second set of weights)");
        return string.Create(CultureInfo.InvariantCulture, $"{outcome.Tokens} tokens as at import{prefill}{ties}{picture}");
    }
}
