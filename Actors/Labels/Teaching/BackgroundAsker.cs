using MobileVlm.Edge.Actors.AdHoc;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Inference.Answers;

namespace MobileVlm.Edge.Actors.Labels.Teaching;

/// <summary>Asks a question about a picture when no standing question is due. One call at a time.</summary>
/// <param name="decoding">Decodes pictures for the background.</param>
internal sealed class BackgroundAsker(UploadDecodingQueue decoding)
{
    /// <summary>A picture that is lost with an engine is asked about once more.</summary>
    private const int Attempts = 2;

    /// <summary>The answer; null, with the reason, where there is none.</summary>
    /// <param name="jpeg">The picture.</param>
    /// <param name="question">The question.</param>
    /// <param name="region">The part of the picture that it is about; null for all of it.</param>
    /// <param name="cancel">Gives up.</param>
    public async Task<(Answer? Answer, string? Reason)> AskAsync(
        ReadOnlyMemory<byte> jpeg, Question question, FrameRegion? region, CancellationToken cancel)
    {
        string? reason = null;
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            var ended = new TaskCompletionSource<AdHocResult>(TaskCreationOptions.RunContinuationsAsynchronously);
            var asked = new AdHocQuestion(question, result => ended.TrySetResult(result)) { Region = region };
            decoding.Add(jpeg, [asked], fault => ended.TrySetResult(new AdHocResult(null, $"it cannot be used: {fault}")));
            try
            {
                var result = await ended.Task.WaitAsync(cancel);
                if (result.Answer is { } answered)
                {
                    return (answered.Answer, null);
                }

                reason = result.Reason;
            }
            finally
            {
                asked.Withdraw();
            }
        }

        return (null, reason);
    }
}
