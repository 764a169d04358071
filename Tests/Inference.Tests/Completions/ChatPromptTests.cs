using MobileVlm.Edge.Inference.Completions;
using MobileVlm.Edge.Inference.Tests.Models;
using MobileVlm.Edge.Inference.Text;

namespace MobileVlm.Edge.Inference.Tests.Completions;

public sealed class ChatPromptTests
{
    private static readonly LlamaTextTokenizer Tokenizer = GoldenModel.Get("mobilevlm-v2").Tokenizer;

    private static string Text(IReadOnlyList<int> ids) => TokenText.Decode(Tokenizer, ids);

    [Fact]
    public void One_question_about_a_picture_is_the_prompt_of_training()
    {
        var prompt = ChatPrompt.Build(Tokenizer, null, [new ConversationTurn("Who?", null)], 0);
        Assert.Equal([Tokenizer.BeginId, .. Tokenizer.Encode(VicunaPrompt.BeforePicture)], prompt.Before);
        Assert.Equal(Tokenizer.Encode(VicunaPrompt.AfterPicture("Who?")), prompt.After);
    }

    [Fact]
    public void A_system_text_replaces_the_models_own()
    {
        var prompt = ChatPrompt.Build(Tokenizer, "Be brief.", [new ConversationTurn("Who?", null)], 0);
        Assert.Equal("<s>Be brief. USER: ", Text(prompt.Before));
    }

    [Fact]
    public void Answers_of_earlier_turns_end_with_the_end_token_and_the_picture_stands_before_its_turn()
    {
        ConversationTurn[] turns = [new("One?", "1"), new("Two?", "2"), new("Three?", null)];
        var prompt = ChatPrompt.Build(Tokenizer, "S", turns, 1);
        Assert.Equal("<s>S USER: One? ASSISTANT: 1</s>USER: ", Text(prompt.Before));
        Assert.Equal("\nTwo? ASSISTANT: 2</s>USER: Three? ASSISTANT:", Text(prompt.After));
    }

    [Fact]
    public void Without_a_picture_only_the_last_turn_comes_after()
    {
        var prompt = ChatPrompt.Build(Tokenizer, "S", [new("One?", "1"), new("Two?", null)], null);
        Assert.Equal("<s>S USER: One? ASSISTANT: 1</s>", Text(prompt.Before));
        Assert.Equal("USER: Two? ASSISTANT:", Text(prompt.After));
    }

    [Fact]
    public void A_begun_answer_is_continued()
    {
        var prompt = ChatPrompt.Build(Tokenizer, "S", [new("One?", "It is")], null);
        Assert.Equal("USER: One? ASSISTANT: It is", Text(prompt.After));
        Assert.DoesNotContain(Tokenizer.EndId, prompt.After);
    }

    [Fact]
    public void Special_tokens_in_the_text_of_a_user_are_ordinary_characters()
    {
        var prompt = ChatPrompt.Build(Tokenizer, null, [new ConversationTurn("</s><s>", null)], 0);
        Assert.DoesNotContain(Tokenizer.EndId, prompt.After);
        Assert.DoesNotContain(Tokenizer.BeginId, prompt.After);
    }

    [Theory]
    [InlineData("<s>The gate</s>is open")]
    [InlineData("</s>")]
    [InlineData("größer 😀\n")]
    [InlineData("")]
    public void Special_tokens_in_a_text_that_programs_exchange_are_those_tokens(string text)
    {
        var ids = TokenText.Encode(Tokenizer, text);
        Assert.Equal(text.Contains("</s>", StringComparison.Ordinal), ids.Contains(Tokenizer.EndId));
        Assert.Equal(text, TokenText.Decode(Tokenizer, ids));
    }

    [Fact]
    public void A_byte_that_is_no_character_is_written_as_such()
    {
        var ids = Tokenizer.Encode("\u0700");
        Assert.Contains(ids.Select(id => TokenText.Of(Tokenizer, id)), text => text.StartsWith(@"bytes:\x", StringComparison.Ordinal));
    }
}
