using System.Globalization;
using MobileVlm.Edge.Inference.Verification;

namespace MobileVlm.Edge.Deploy.Cli;

/// <summary>Describes the result of a self-test for people and logs.</summary>
internal static class SelfTestText
{
    /// <summary>Describes the result in one line.</summary>
    /// <param name="outcome">The result; null if the model's folder has no self-test.</param>
    public static string Describe(SelfTestOutcome? outcome)
    {
        if (outcome is null)
        {
            return "the folder has no self-test that this version knows; 'mobilevlm model import … --force' creates one";
        }

        var ties = outcome.Ties == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $", {outcome.Ties} of them one of two almost equally likely tokens");
        var image = outcome.PictureError is { } error
            ? string.Create(CultureInfo.InvariantCulture, $"; the test image's tokens differ by {error:p3} of their length")
            : "";
        var prefill = outcome.PrefillTokens == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $" ({outcome.PrefillTokens} with the prefill weights)");
        return string.Create(CultureInfo.InvariantCulture, $"{outcome.Tokens} tokens as at import{prefill}{ties}{image}");
    }
}
