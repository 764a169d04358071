using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Decoding;
using MobileVlm.Edge.Inference.Evaluation;
using MobileVlm.Edge.Inference.Machine;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Sessions;
using MobileVlm.Edge.Inference.Vision;

namespace MobileVlm.Edge.Inference.Verification;

/// <summary>A model's sessions, opened and tested once, then handed over to the components that answer with them: the same
/// sessions that were tested, because opening a second pair takes seconds and a gigabyte. One caller at a time. Dispose
/// closes the sessions that were not taken.</summary>
public sealed class TestedModel : IDisposable
{
    private readonly ExecutionSettings _settings;
    private VisionEncoder? _encoder;
    private LanguageDecoder? _decoder;

    private TestedModel(ModelFolder folder, ExecutionSettings settings) => (Folder, _settings) = (folder, settings);

    public ModelFolder Folder { get; }

    /// <summary>Null where the folder has no self-test, or one of another version of this program.</summary>
    public SelfTestOutcome? Outcome { get; private set; }

    /// <param name="folder">Opened, so that its small files and sizes are checked.</param>
    /// <param name="settings">Settings of the sessions.</param>
    /// <param name="extent">How much is tested.</param>
    /// <param name="cancel">Stops before the next session or token.</param>
    /// <exception cref="ModelFolderException">The folder's graphs do not open, or compute other results than at import.</exception>
    public static TestedModel Open(
        ModelFolder folder, ExecutionSettings settings, SelfTestExtent extent, CancellationToken cancel = default)
    {
        var model = new TestedModel(folder, settings);
        try
        {
            model.Test(extent, cancel);
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>The tested encoder for the first caller, a new one for each later one. Called on the thread that will use
    /// it, which is bound to the processors of the settings.</summary>
    /// <exception cref="ModelFolderException">A text-only model, or a folder that has changed since.</exception>
    public VisionEncoder TakeEncoder()
    {
        ThreadAffinity.BindThisThread(_settings.EffectiveProcessors);
        return Interlocked.Exchange(ref _encoder, null) ?? new VisionEncoder(Folder, _settings);
    }

    /// <summary>The tested decoder in an answerer that owns it for the first caller, a new one for each later one. Called on
    /// the thread that will use it, which is bound to the processors of the settings.</summary>
    /// <param name="capacity">Context, in tokens.</param>
    /// <exception cref="ModelFolderException">The folder has changed since.</exception>
    public QuestionAnswerer TakeAnswerer(int capacity = QuestionAnswerer.DefaultCapacity)
    {
        return QuestionAnswerer.Open(Folder, TakeDecoder(), capacity);
    }

    /// <summary>The tested decoder for the first caller, who owns it, a new one for each later one. Called on the thread that will
    /// use it, which is bound to the processors of the settings.</summary>
    /// <exception cref="ModelFolderException">The folder has changed since.</exception>
    public LanguageDecoder TakeDecoder()
    {
        ThreadAffinity.BindThisThread(_settings.EffectiveProcessors);
        return Interlocked.Exchange(ref _decoder, null) ?? new LanguageDecoder(Folder, _settings);
    }

    public void Dispose()
    {
        var (encoder, decoder) = (Interlocked.Exchange(ref _encoder, null), Interlocked.Exchange(ref _decoder, null));
        if (encoder is null && decoder is null)
        {
            return;
        }

        encoder?.Dispose();
        decoder?.Dispose();

        // The next one to open the model needs the memory.
        NativeHeap.Trim();
    }

    private void Test(SelfTestExtent extent, CancellationToken cancel)
    {
        if (ModelSelfTest.Read(Folder) is not var (known, prompt))
        {
            return;
        }

        using var opening = new SessionOpening<LanguageDecoder>(_settings, settings => new LanguageDecoder(Folder, settings));
        var (picture, error) = (Array.Empty<float>(), (double?)null);
        if (known.Picture is { } expected)
        {
            _encoder = new VisionEncoder(Folder, _settings);
            (picture, error) = ModelSelfTest.TestVision(Folder, _encoder, expected);
        }

        cancel.ThrowIfCancellationRequested();
        _decoder = opening.Take();
        var prefill = _decoder.PrefillSession is null ? null : known.Prefill;
        Outcome = prefill is not null && extent == SelfTestExtent.Fast
            ? ModelSelfTest.TestBoth(Folder, _decoder, prompt, picture, known.Steps, prefill, cancel)
            : TestSeparately(_decoder, prompt, picture, known.Steps, prefill, extent, cancel);
        Outcome = Outcome with { PictureError = error };

        // Returns the memory that packing the weights needed.
        NativeHeap.Trim();
    }

    private SelfTestOutcome TestSeparately(
        LanguageDecoder decoder,
        CalibrationPrompt prompt,
        float[] picture,
        IReadOnlyList<SelfTestStep> steps,
        IReadOnlyList<SelfTestStep>? prefill,
        SelfTestExtent extent,
        CancellationToken cancel)
    {
        var (tokens, ties) = ModelSelfTest.TestDecoder(Folder, decoder, prompt, picture, steps, extent, cancel);
        if (prefill is null)
        {
            return new SelfTestOutcome(tokens, ties, PictureError: null);
        }

        cancel.ThrowIfCancellationRequested();
        var (prefillTokens, prefillTies) = ModelSelfTest.TestPrefill(Folder, decoder, prompt, picture, prefill, extent);
        return new SelfTestOutcome(tokens + prefillTokens, ties + prefillTies, PictureError: null) { PrefillTokens = prefillTokens };
    }
}
