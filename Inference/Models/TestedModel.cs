using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Decoding;
using MobileVlm.Edge.Inference.Machine;
using MobileVlm.Edge.Inference.Sessions;
using MobileVlm.Edge.Inference.Vision;

namespace MobileVlm.Edge.Inference.Models;

/// <summary>A model's sessions, opened once, found to compute what they computed at import, and handed to whoever answers
/// with them: the very sessions that were tested, since opening a second pair takes seconds and a gigabyte. One caller at a
/// time. Dispose closes what nobody took.</summary>
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
    /// <param name="settings">Those of the sessions.</param>
    /// <param name="extent">How much is tested.</param>
    /// <param name="cancel">Stops before the next session or token.</param>
    /// <exception cref="ModelFolderException">The folder's graphs do not open, or compute something else than at import.</exception>
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
    /// <exception cref="ModelFolderException">A model of text only, or a folder that changed meanwhile.</exception>
    public VisionEncoder TakeEncoder()
    {
        ThreadAffinity.BindThisThread(_settings.EffectiveProcessors);
        return Interlocked.Exchange(ref _encoder, null) ?? new VisionEncoder(Folder, _settings);
    }

    /// <summary>The tested decoder in an answerer that owns it for the first caller, a new one for each later one. Called on
    /// the thread that will use it, which is bound to the processors of the settings.</summary>
    /// <param name="capacity">Context, in tokens.</param>
    /// <exception cref="ModelFolderException">The folder changed meanwhile.</exception>
    public QuestionAnswerer TakeAnswerer(int capacity = QuestionAnswerer.DefaultCapacity)
    {
        ThreadAffinity.BindThisThread(_settings.EffectiveProcessors);
        return QuestionAnswerer.Open(
            Folder, Interlocked.Exchange(ref _decoder, null) ?? new LanguageDecoder(Folder, _settings), capacity);
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

        // Whoever opens the model next needs the room.
        NativeHeap.Trim();
    }

    private void Test(SelfTestExtent extent, CancellationToken cancel)
    {
        if (ModelSelfTest.Read(Folder) is not var (known, prompt))
        {
            return;
        }

        var (picture, error) = (Array.Empty<float>(), (double?)null);
        if (known.Picture is { } expected)
        {
            _encoder = new VisionEncoder(Folder, _settings);
            (picture, error) = ModelSelfTest.Look(Folder, _encoder, expected);
        }

        cancel.ThrowIfCancellationRequested();
        _decoder = new LanguageDecoder(Folder, _settings);
        var (tokens, ties) = ModelSelfTest.Think(Folder, _decoder, prompt, picture, known.Steps, extent, cancel);
        var (more, moreTies) = (0, 0);
        if (known.Prefill is { } prefill && _decoder.PrefillSession is not null)
        {
            cancel.ThrowIfCancellationRequested();
            (more, moreTies) = ModelSelfTest.ThinkAtOnce(Folder, _decoder, prompt, picture, prefill, extent);
        }

        Outcome = new SelfTestOutcome(tokens + more, ties + moreTies, error) { PrefillTokens = more };

        // What packing the weights left behind.
        NativeHeap.Trim();
    }
}
