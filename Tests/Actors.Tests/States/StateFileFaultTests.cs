using System.Diagnostics;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.States;
using MobileVlm.Edge.Actors.Tests.Fakes;
using MobileVlm.Edge.Connectors.Storage;

namespace MobileVlm.Edge.Actors.Tests.States;

/// <summary>Each step in which the state file is written fails, is cut short or finds the disk full: the next start reads the old
/// state or the new one, and the service continues.</summary>
public sealed class StateFileFaultTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("mobilevlm-state-").FullName;
    private readonly RecordingLogger _log = new();
    private readonly FakeTime _time = new();

    private string Path => System.IO.Path.Combine(_folder, QuestionStateFile.FileName);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    public static TheoryData<string, bool> Steps
    {
        get
        {
            var steps = new TheoryData<string, bool>();
            foreach (var step in (string[])["CreateFolder", "Create", "Write", "Flush", "Rename", "FlushFolder"])
            {
                steps.Add(step, false);
                steps.Add(step, true);
            }

            return steps;
        }
    }

    [Theory]
    [MemberData(nameof(Steps))]
    public void A_step_that_fails_leaves_the_old_state_or_the_new_one_and_is_tried_again(string step, bool denied)
    {
        var steps = new FailingSteps();
        var store = Store(steps);
        store.Write(store.TakeDueSave(QuestionStateStoreTests.States("no"))!);
        Assert.Equal(StorageCondition.OnDisk, store.Storage);
        (steps.Fails, steps.Denied) = (step, denied);
        for (var attempt = 0; attempt < 3; attempt++)
        {
            _time.Advance(QuestionStateStore.Interval);
            store.Write(store.TakeDueSave(QuestionStateStoreTests.States("yes"))!);
            Assert.Equal(StorageKind.Memory, store.Storage.Kind);
            Assert.Equal(step == "FlushFolder" ? "yes" : "no", Restored());
        }

        Assert.Single(_log.Logged(LogLevel.Error, Path));
        steps.Fails = null;

        // Nothing has changed since then, and yet it is due.
        _time.Advance(QuestionStateStore.Interval);
        store.Write(store.TakeDueSave(QuestionStateStoreTests.States("yes"))!);
        Assert.Equal(StorageCondition.OnDisk, store.Storage);
        Assert.Equal("yes", Restored());
        _time.Advance(QuestionStateStore.Interval);
        Assert.Null(store.TakeDueSave(QuestionStateStoreTests.States("yes")));
        Assert.Single(_log.Logged(LogLevel.Information, $"{Path} is written again"));
    }

    [Fact]
    public void A_write_that_is_cut_short_anywhere_leaves_the_old_state()
    {
        var steps = new FailingSteps();
        Store(steps).Write(Store(steps).Last(QuestionStateStoreTests.States("no"))!);
        var length = (int)new FileInfo(Path).Length;
        for (steps.CutAt = 0; steps.CutAt <= length; steps.CutAt += 7)
        {
            var store = Store(steps);
            store.Write(store.Last(QuestionStateStoreTests.States("yes"))!);
            Assert.Equal(StorageKind.Memory, store.Storage.Kind);
            Assert.Equal("no", Restored());
        }
    }

    [Theory]
    [InlineData("questions.json")]
    [InlineData("questions.json.new")]
    [InlineData("questions.json.damaged")]
    public void A_folder_in_the_way_costs_the_file_at_most(string name)
    {
        var obstacle = System.IO.Path.Combine(_folder, name);
        if (name.EndsWith("damaged", StringComparison.Ordinal))
        {
            File.WriteAllText(Path, "{ half");
        }

        Directory.CreateDirectory(System.IO.Path.Combine(obstacle, "not empty"));
        var store = Store();
        Assert.Empty(store.Restored.States);
        store.Write(store.TakeDueSave(QuestionStateStoreTests.States("yes"))!);
        Assert.Equal(name == "questions.json" ? StorageKind.Memory : StorageKind.Disk, store.Storage.Kind);
        Directory.Delete(obstacle, recursive: true);
        _time.Advance(QuestionStateStore.Interval);
        if (store.TakeDueSave(QuestionStateStoreTests.States("yes")) is { } due)
        {
            store.Write(due);
        }

        Assert.Equal("yes", Restored());
    }

    [Theory]
    [InlineData("questions.json")]
    [InlineData("questions.json.new")]
    public void A_pipe_in_its_place_holds_up_nothing(string name)
    {
        using (var made = Process.Start("mkfifo", [System.IO.Path.Combine(_folder, name)]))
        {
            made.WaitForExit();
            Assert.Equal(0, made.ExitCode);
        }

        var store = Store();
        Assert.Empty(store.Restored.States);
        store.Write(store.TakeDueSave(QuestionStateStoreTests.States("yes"))!);
        Assert.Equal("yes", Restored());
    }

    private string? Restored() => Store().Restored.States.TryGetValue("gate/person", out var saved) ? saved.State.Value : null;

    private QuestionStateStore Store(FileSteps? steps = null) =>
        new(new QuestionStateFile(_folder, _log.CreateLogger<QuestionStateFile>(), steps), new QuestionStates(_time, TimeZoneInfo.Utc), _time);

    private sealed class FailingSteps : FileSteps
    {
        public string? Fails { get; set; }

        public bool Denied { get; set; }

        /// <summary>Bytes that are written before the disk is full; null for all.</summary>
        public int? CutAt { get; set; }

        public override void CreateFolder(string folder)
        {
            Fail(nameof(CreateFolder));
            base.CreateFolder(folder);
        }

        public override Stream Create(string file)
        {
            Fail(nameof(Create));
            return base.Create(file);
        }

        public override void Write(Stream file, ReadOnlySpan<byte> content)
        {
            Fail(nameof(Write));
            if (CutAt is { } most)
            {
                base.Write(file, content[..Math.Min(most, content.Length)]);
                throw new IOException("No space left on device");
            }

            base.Write(file, content);
        }

        public override void Flush(Stream file)
        {
            Fail(nameof(Flush));
            base.Flush(file);
        }

        public override void Rename(string from, string to)
        {
            Fail(nameof(Rename));
            base.Rename(from, to);
        }

        public override void FlushFolder(string folder)
        {
            Fail(nameof(FlushFolder));
            base.FlushFolder(folder);
        }

        private void Fail(string step)
        {
            if (Fails == step)
            {
                throw Denied ? new UnauthorizedAccessException("Permission denied") : new IOException("Input/output error");
            }
        }
    }
}
